/**
 * Uploads by several doors at once while the server is killed at random moments: what was acknowledged has to be there,
 * every file has to be right, and nothing may stay behind.
 *
 *   npx tsx test/main-job/kills.ts [rounds]     after `npm run build`; 200 by default
 */
import { createHash, randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { startFerry } from '../support/ferry';
import { ServerProcess } from '../support/server-process';
import { checkStorage } from '../support/storage-check';
import { ChunkedJob, FormJob, TusJob, type Harbour, type Job } from './jobs';
import { Report } from './report';

const HOUR_MS = 60 * 60 * 1000;
const JOBS = 6;
const LONGEST_LIFE_MS = 1000;
const DOORS = [ChunkedJob, ChunkedJob, TusJob, TusJob, FormJob];
/** A round in so many begins with uploads that are past their time. */
const EXPIRING = 8;

interface Tally {
  kills: number;
  files: number;
  acknowledged: number;
  expired: number;
  wrong: string[];
}

/** Runs on data of its own. */
export async function killAtRandom(report: Report, rounds: number): Promise<void> {
  report.section(
    `${rounds} times kill -9 while chunks, tus and forms come, complete, are aborted and expire`,
  );
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-kills-'));
  const settings = { ACCESS_TOKEN_SECONDS: '86400', MIN_CHUNK_BYTES: '1', LOG_LEVEL: 'warn' };
  const server = await ServerProcess.start(directory, settings);
  const tally: Tally = { kills: 0, files: 0, acknowledged: 0, expired: 0, wrong: [] };
  try {
    const harbour = await signIn(server);
    const files = new Map<string, string>();
    let jobs: Job[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      jobs = await liveThroughRound(server, harbour, jobs, tally);
      for (const { fileId, sha256 } of jobs) if (fileId !== null) files.set(fileId, sha256);
      jobs = jobs.filter(({ done }) => !done);
      if (round % EXPIRING === 0) {
        await server.kill();
        tally.expired += expireAll(directory);
        jobs = [];
        await server.start();
      }
      if (tally.wrong.length > 0) break;
    }
    for (const job of jobs) {
      await job.run();
      if (job.fileId !== null) files.set(job.fileId, job.sha256);
    }
    tally.files = files.size;
    for (const [id, sha256] of files) await checkFile(harbour, id, sha256, tally.wrong);
    await server.stop();
    await checkWhatIsLeft(directory, tally.wrong);
  } finally {
    await server.kill();
    await rm(directory, { recursive: true, force: true });
  }
  const { kills, acknowledged, expired } = tally;
  report.note(
    `${kills} kills, ${acknowledged} acknowledged pieces, ${tally.files} files, ${expired} expired`,
  );
  for (const sentence of tally.wrong) report.note(sentence);
  report.check('nothing is lost, wrong or left behind', tally.wrong.length === 0);
}

async function liveThroughRound(
  server: ServerProcess,
  harbour: Harbour,
  old: Job[],
  tally: Tally,
): Promise<Job[]> {
  const jobs = [...old];
  while (jobs.length < JOBS) jobs.push(new (DOORS[randomInt(DOORS.length)] ?? FormJob)(harbour));
  const before = jobs.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const working = jobs.map((job) => job.run().catch((error: unknown) => noteUnlessCutOff(error, job, tally)));
  await sleep(randomInt(LONGEST_LIFE_MS));
  await server.kill();
  tally.kills += 1;
  await Promise.all(working);
  tally.acknowledged += jobs.reduce((sum, { acknowledged }) => sum + acknowledged, 0) - before;
  await server.start();
  for (const job of jobs) {
    if (job.done) continue;
    for (const sentence of await job.check())
      tally.wrong.push(`round ${tally.kills}, ${job.title}: ${sentence}`);
  }
  return jobs;
}

/** What fetch says of a connection that breaks is no fault of anybody. */
function noteUnlessCutOff(error: unknown, { title }: Job, tally: Tally): void {
  if (error instanceof TypeError) return;
  if (error instanceof Error && /terminated|aborted|other side closed/.test(error.message)) return;
  tally.wrong.push(`round ${tally.kills + 1}, ${title}: ${String(error)}`);
}

async function signIn(server: ServerProcess): Promise<Harbour> {
  const response = await fetch(`${server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'kills', password: 'slow boats carry far' }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  return { url: server.url, token: accessToken };
}

async function checkFile(harbour: Harbour, id: string, sha256: string, wrong: string[]): Promise<void> {
  const headers = { Authorization: `Bearer ${harbour.token}` };
  const response = await fetch(`${harbour.url}/api/v1/files/${id}/content`, { headers });
  const content = Buffer.from(await response.arrayBuffer());
  const same = createHash('sha256').update(content).digest('hex') === sha256;
  if (!response.ok || !same) wrong.push(`file ${id} is answered ${response.status}, with other bytes`);
}

/** Lets the time of all open uploads be over. @returns how many there are */
function expireAll(directory: string): number {
  const database = new Sqlite(path.join(directory, 'data/ferry.sqlite'));
  const past = '2020-01-01 00:00:00.000 +00:00';
  const { changes } = database.prepare("UPDATE uploads SET expires_at = ? WHERE state = 'open'").run(past);
  database.close();
  return changes;
}

/** Two hours later the clean-up has taken what crashes left, two days later all that was not finished. */
async function checkWhatIsLeft(directory: string, wrong: string[]): Promise<void> {
  const folders = [path.join(directory, 'data'), path.join(directory, 'uploads')] as const;
  for (const hours of [2, 48]) {
    const later = await startFerry({ directory, now: () => new Date(Date.now() + hours * HOUR_MS) });
    await later.services.maintenance.run();
    await later.stop();
    wrong.push(...(await checkStorage(...folders)).map((sentence) => `${hours} hours later: ${sentence}`));
  }
  const parts = await readdir(path.join(folders[1], 'parts'));
  if (parts.length > 0) wrong.push(`${parts.length} parts are left behind`);
}

if (require.main === module) {
  const report = new Report();
  killAtRandom(report, Number(process.argv[2] ?? 200)).then(
    () => {
      process.exitCode = report.end();
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
