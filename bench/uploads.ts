import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from '../test/main-job/client';
import { startFerry, startTusd, startTusServer, type Contender } from './contenders';
import { median } from './measure';
import { PinnedProcess } from './pinned';
import type { Sending, Sent } from './send';

const MIB = 2 ** 20;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const BYTES = 1024 * MIB;
const CHUNK = 5 * MIB;
const CONNECTIONS = 4;
const ROUNDS = 7;

interface Row {
  title: string;
  contender: Contender;
  chunks: Sending['chunks'];
  /** Removes what a round left. */
  tidy: (sent: Sent) => Promise<unknown>;
}

interface Sample {
  /** MiB in a second. */
  rate: number;
  /** MiB in a second of the server's processor: what else the machine does disturbs it less. */
  perCpu: number;
}

/**
 * How fast a gigabyte comes in, complete with its SHA-256, beside the servers of tus. All servers have one core and the
 * load has another one; they take turns in each round, and each begins when everything before is on the disk.
 */
export async function benchUploads(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const processes: PinnedProcess[] = [];
  const start = async (starting: Promise<Contender>): Promise<Contender> => {
    const contender = await starting;
    processes.push(contender.process);
    return contender;
  };
  const folder = async (name: string): Promise<string> => {
    const made = path.join(directory, name);
    await mkdir(path.join(made, 'files'), { recursive: true });
    return made;
  };
  try {
    const sender = new PinnedProcess({
      line: [process.execPath, '--import', 'tsx', path.join(__dirname, 'send.ts')],
      core: LOAD_CORE,
      directory: path.resolve(__dirname, '..'),
    });
    processes.push(sender);
    const notes: string[] = [];
    const rows: Row[] = [];
    const tus = await folder('tus');
    rows.push(
      tusRow(
        '@tus/server, one stream',
        await start(startTusServer(path.join(tus, 'files'), SERVER_CORE)),
        tus,
      ),
    );
    try {
      const tusd = await folder('tusd');
      rows.push(tusRow('tusd, one stream', await start(startTusd(tusd, SERVER_CORE)), tusd));
    } catch (error) {
      notes.push(`tusd is missing, because Go could not build it: ${String(error)}`);
    }
    for (const sync of ['on', 'off']) {
      const settings = { UPLOAD_SYNC: sync, BLOB_GRACE_MINUTES: '1' };
      const ferry = await start(startFerry(await folder(`ferry-${sync}`), SERVER_CORE, settings));
      rows.push(...(await ferryRows(ferry, `UPLOAD_SYNC=${sync}`)));
    }
    return [...(await table(rows, sender)), ...notes].join('\n');
  } finally {
    for (const each of processes) await each.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function tusRow(title: string, contender: Contender, directory: string): Row {
  const files = path.join(directory, 'files');
  const tidy = async () => {
    for (const name of await readdir(files)) await rm(path.join(files, name), { recursive: true });
  };
  return { title, contender, chunks: null, tidy };
}

async function ferryRows(contender: Contender, setting: string): Promise<Row[]> {
  const client = new Client(`http://127.0.0.1:${contender.port}`);
  const account = { username: 'bench', password: 'slow boats carry far' };
  const { body } = await client.call<{ accessToken: string }>('POST', '/api/v1/auth/register', account);
  client.token = body.accessToken;
  const tidy = async ({ fileId }: Sent) => {
    await client.call('DELETE', `/api/v1/files/${fileId ?? ''}`);
    client.close();
  };
  const chunks = { size: CHUNK, connections: CONNECTIONS, token: client.token };
  return [
    {
      title: `Ferry, ${setting}, every chunk and the whole checked`,
      contender,
      tidy,
      chunks: { ...chunks, completeOnly: false },
    },
    {
      title: `Ferry, ${setting}, the whole checked`,
      contender,
      tidy,
      chunks: { ...chunks, completeOnly: true },
    },
  ];
}

async function table(rows: Row[], sender: PinnedProcess): Promise<string[]> {
  const samples = rows.map((): Sample[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, row] of rows.entries()) samples[index]?.push(await measure(row, sender));
  }
  const references = rows.map((row, index) => ({ row, index })).filter(({ row }) => row.chunks === null);
  const titles = ['1 GiB up', 'MiB/s', ...references.map(({ row }) => `× ${row.title} (× per CPU second)`)];
  const lines = rows.map(({ title }, index) => {
    const own = samples[index] ?? [];
    const rate = median(own.map((sample) => sample.rate)).toFixed(0);
    return [title, rate, ...references.map((reference) => ratios(own, samples[reference.index] ?? []))];
  });
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
}

async function measure({ contender, chunks, tidy }: Row, sender: PinnedProcess): Promise<Sample> {
  await promisify(execFile)('sync');
  const before = await contender.process.cpuSeconds();
  const sent = await sender.ask<Sent>({ port: contender.port, bytes: BYTES, chunks } satisfies Sending);
  const used = (await contender.process.cpuSeconds()) - before;
  await tidy(sent);
  return { rate: BYTES / MIB / sent.seconds, perCpu: BYTES / MIB / used };
}

/** Ratios of the same round are compared, because other work on the machine comes and goes. */
function ratios(samples: Sample[], reference: Sample[]): string {
  const ratio = (of: (sample: Sample) => number) =>
    median(samples.map((sample, round) => of(sample) / (reference[round] ? of(reference[round]) : NaN)));
  return `${ratio((sample) => sample.rate).toFixed(2)} (${ratio((sample) => sample.perCpu).toFixed(2)})`;
}
