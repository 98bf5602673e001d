/**
 * The main job against a started server: a large file goes up over four connections, the server is killed in the
 * middle, only what is missing is sent again; then it comes down through clients that are cut off and go on.
 *
 *   npm run main-job -- [MiB]      1024 by default
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, missing, sendChunks, type Upload } from './client';
import { uploadsByTus } from './doors';
import { killAtRandom } from './kills';
import { refusals } from './refusals';
import { Report } from './report';
import { secondStart } from './second-start';
import { ServerProcess } from '../support/server-process';

const MIB = 1024 * 1024;
const CHUNK = 5 * MIB;
const MOST_RESIDENT_MIB = 150;
const KILLS = 20;
const run = promisify(execFile);

async function main(): Promise<number> {
  const size = Number(process.argv[2] ?? 1024) * MIB;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-main-job-'));
  const report = new Report();
  const server = await ServerProcess.start(directory);
  const client = new Client(server.url);
  try {
    const source = path.join(directory, 'source.bin');
    await writeRandom(source, size);
    const sha256 = await sha256Of(source);
    const { body } = await client.call<{ accessToken: string }>('POST', '/api/v1/auth/register', {
      username: 'main-job',
      password: 'slow boats carry far',
    });
    client.token = body.accessToken;
    const fileId = await upload(report, server, client, { source, size, sha256 });
    await download(report, server, client.token, { source, size, sha256, fileId, directory });
    await uploadsByTus(report, server, client.token);
    report.section('Refusals, and what they leave behind');
    await refusals(report, client);
    await secondStart(report, directory);
    const parts = await readdir(path.join(directory, 'uploads/parts'));
    report.check('no part is left behind', parts.length === 0, `${parts.length} parts`);
  } finally {
    client.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
  await killAtRandom(report, KILLS);
  return report.end();
}

interface Source {
  source: string;
  size: number;
  sha256: string;
}

async function upload(report: Report, server: ServerProcess, client: Client, file: Source): Promise<string> {
  report.section(`${file.size / MIB} MiB up, in chunks of 5 MiB over 4 connections`);
  const created = await client.call<Upload>('POST', '/api/v1/uploads', {
    name: '渡船 source.bin',
    size: file.size,
    chunkSize: CHUNK,
  });
  const { id, chunkCount } = created.body;
  report.check('the upload is open', created.status === 201, `${chunkCount} chunks`);

  let killed: Promise<void> | undefined;
  const first = await sendChunks(client, created.body, file.source, 4, (count) => {
    if (count >= chunkCount / 2) killed ??= server.kill();
  });
  await killed;
  report.note(`kill -9 after ${first.length} acknowledged chunks`);
  const startMs = await server.start();
  report.note(`started again on the same data: first answer after ${Math.round(startMs)} ms`);

  const state = await client.call<Upload>('GET', `/api/v1/uploads/${id}`);
  const lost = first.filter((index) =>
    missing(state.body).some(([from, to]) => from <= index && index <= to),
  );
  report.check(
    'every acknowledged chunk is there',
    lost.length === 0,
    `received ${JSON.stringify(state.body.received)}`,
  );
  const half = await server.memory();
  const second = await sendChunks(client, state.body, file.source, 4);
  report.check(
    'only what was missing was sent',
    second.length <= chunkCount - first.length,
    `${second.length} chunks`,
  );

  const begun = performance.now();
  const done = await client.call<{ file: { id: string; sha256: string } }>(
    'POST',
    `/api/v1/uploads/${id}/complete`,
    {
      sha256: file.sha256,
    },
  );
  const completeMs = Math.round(performance.now() - begun);
  report.check(
    'complete: the same SHA-256',
    done.status === 201 && done.body.file.sha256 === file.sha256,
    `${completeMs} ms`,
  );
  const { now, peak } = await server.memory();
  report.check(
    `resident memory stays under ${MOST_RESIDENT_MIB} MiB`,
    peak < MOST_RESIDENT_MIB,
    `${half.now.toFixed(0)} MiB before the second half, ${now.toFixed(0)} after, ${peak.toFixed(0)} at most`,
  );
  return done.body.file.id;
}

type Download = Source & { fileId: string; directory: string };

async function download(report: Report, server: ServerProcess, token: string, file: Download): Promise<void> {
  report.section('And down again');
  const url = `${server.url}/api/v1/files/${file.fileId}/content`;
  const header = `Authorization: Bearer ${token}`;
  const copy = path.join(file.directory, 'curl.bin');
  await cutInTheMiddle(
    ['curl', '-s', '-H', header, '--limit-rate', '100M', '-o', copy, url],
    copy,
    file.size,
  );
  const got = (await stat(copy)).size;
  await run('curl', ['-s', '-f', '-H', header, '-C', '-', '-o', copy, url]);
  report.check(
    'curl -C - goes on where it was cut',
    got < file.size && (await sha256Of(copy)) === file.sha256,
    `cut at ${Math.round((got / file.size) * 100)} %`,
  );
  await rm(copy);

  const folder = path.join(file.directory, 'aria2');
  await mkdir(folder);
  await run('aria2c', [
    '-x8',
    '-s8',
    '-k1M',
    '-q',
    `--checksum=sha-256=${file.sha256}`,
    `--header=${header}`,
    '-d',
    folder,
    '-o',
    'aria2.bin',
    url,
  ]);
  report.check(
    'aria2c -x8 has the same bytes',
    (await sha256Of(path.join(folder, 'aria2.bin'))) === file.sha256,
  );
  await rm(folder, { recursive: true });
  const { peak } = await server.memory();
  report.check(
    `resident memory stays under ${MOST_RESIDENT_MIB} MiB`,
    peak < MOST_RESIDENT_MIB,
    `${peak.toFixed(0)} MiB at most`,
  );
}

/** Starts a download and kills it once about a third has come. */
async function cutInTheMiddle([command = '', ...args]: string[], file: string, size: number): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (child.exitCode === null && ((await stat(file).catch(() => null))?.size ?? 0) < size / 3)
    await sleep(5);
  child.kill('SIGKILL');
  await exited;
}

async function writeRandom(file: string, size: number): Promise<void> {
  const stream = createWriteStream(file);
  for (let left = size; left > 0; left -= MIB) {
    if (!stream.write(randomBytes(Math.min(MIB, left)))) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: MIB })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
