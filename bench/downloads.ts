import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client, sendChunks, type Upload } from '../test/main-job/client';
import { startFerry, startNginx, startPeer, type Contender } from './contenders';
import type { Drained, Load } from './drain';
import { median } from './measure';
import { PinnedProcess } from './pinned';
import { benchSlowReaders } from './slow-readers';

const MIB = 2 ** 20;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 7;
const SECONDS = 1.5;

const COLUMNS = [
  { name: '1g.bin', title: '1 GiB over 1', size: 1024 * MIB, connections: 1 },
  { name: '8m.bin', title: '8 MiB over 16', size: 8 * MIB, connections: 16 },
  { name: '64k.bin', title: '64 KiB over 32', size: MIB / 16, connections: 32 },
] as const;

interface Row extends Contender {
  title: string;
  /** By the names of the files. */
  paths: Record<string, string>;
}

interface Sample {
  /** MiB in a second. */
  rate: number;
  /** MiB in a second of the server's processor: what else the machine does disturbs it less. */
  perCpu: number;
}

/**
 * How fast files go out, beside nginx with sendfile and the usual servers of static files. All servers have one core
 * and the load has another one; they take turns in each round.
 */
export async function benchDownloads(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const files = path.join(directory, 'files');
  const processes: PinnedProcess[] = [];
  const start = async (starting: Promise<Contender>): Promise<Contender> => {
    const contender = await starting;
    processes.push(contender.process);
    return contender;
  };
  try {
    await mkdir(files);
    for (const { name, size } of COLUMNS) await writeRandom(path.join(files, name), size);
    const drain = new PinnedProcess({
      line: [process.execPath, '--import', 'tsx', path.join(__dirname, 'drain.ts')],
      core: LOAD_CORE,
      directory: path.resolve(__dirname, '..'),
    });
    processes.push(drain);
    const asNamed = Object.fromEntries(COLUMNS.map(({ name }) => [name, `/${name}`]));
    const ferry = await start(startFerry(directory, SERVER_CORE));
    const stored = await store(`http://127.0.0.1:${ferry.port}`, files);
    const rows: Row[] = [
      { ...(await start(startNginx(directory, SERVER_CORE))), title: 'nginx, sendfile', paths: asNamed },
      { ...ferry, title: 'Ferry, static', paths: asNamed },
      { ...ferry, title: 'Ferry, stored', paths: stored },
    ];
    for (const title of ['koa-static', 'send', '@fastify/static']) {
      rows.push({ ...(await start(startPeer(title, directory, SERVER_CORE))), title, paths: asNamed });
    }
    const slow = await benchSlowReaders(ferry, [asNamed['1g.bin'] ?? '', stored['1g.bin'] ?? '']);
    return [...(await table(rows, drain)), slow].join('\n');
  } finally {
    for (const each of processes) await each.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function table(rows: Row[], drain: PinnedProcess): Promise<string[]> {
  const lines = rows.map(({ title }) => [title]);
  for (const { name, connections } of COLUMNS) {
    const samples = rows.map((): Sample[] => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, row] of rows.entries()) {
        const load = { port: row.port, path: row.paths[name] ?? '', connections, seconds: SECONDS };
        samples[index]?.push(await measure(row, drain, load));
      }
    }
    const [first = []] = samples;
    for (const [index, each] of samples.entries()) lines[index]?.push(cell(each, first));
  }
  const titles = ['downloads', ...COLUMNS.map(({ title }) => `${title}: MiB/s, × nginx (× per CPU second)`)];
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
}

async function measure(row: Row, drain: PinnedProcess, load: Load): Promise<Sample> {
  const before = await row.process.cpuSeconds();
  const { bytes, seconds } = await drain.ask<Drained>(load);
  const used = (await row.process.cpuSeconds()) - before;
  return { rate: bytes / MIB / seconds, perCpu: bytes / MIB / used };
}

/** Ratios of the same round are compared, because other work on the machine comes and goes. */
function cell(samples: Sample[], reference: Sample[]): string {
  const ratio = (of: (sample: Sample) => number) =>
    median(samples.map((sample, round) => of(sample) / (reference[round] ? of(reference[round]) : NaN)));
  const rate = median(samples.map((sample) => sample.rate));
  return `${rate.toFixed(0)}, ${ratio((sample) => sample.rate).toFixed(2)} (${ratio((sample) => sample.perCpu).toFixed(2)})`;
}

async function writeRandom(file: string, size: number): Promise<void> {
  const handle = await open(file, 'w');
  const piece = randomBytes(Math.min(size, 8 * MIB));
  for (let position = 0; position < size; position += piece.length)
    await handle.write(piece, 0, piece.length, position);
  await handle.close();
}

/** Stores the files for everybody to read. @returns the paths of their contents */
async function store(url: string, files: string): Promise<Record<string, string>> {
  const client = new Client(url);
  const account = { username: 'bench', password: 'slow boats carry far' };
  const { body } = await client.call<{ accessToken: string }>('POST', '/api/v1/auth/register', account);
  client.token = body.accessToken;
  const paths: Record<string, string> = {};
  for (const { name, size } of COLUMNS) {
    const wanted = { name, size, chunkSize: Math.min(size, 64 * MIB), visibility: 'public' };
    const upload = await client.call<Upload>('POST', '/api/v1/uploads', wanted);
    await sendChunks(client, upload.body, path.join(files, name), 2);
    const done = await client.call<{ file: { id: string } }>(
      'POST',
      `/api/v1/uploads/${upload.body.id}/complete`,
      {},
    );
    paths[name] = `/api/v1/files/${done.body.file.id}/content`;
  }
  client.close();
  return paths;
}
