import { hash, verify } from '@node-rs/argon2';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../test/main-job/client';
import { ServerProcess } from '../test/support/server-process';
import { median } from './measure';

const ACCOUNT = { username: 'bench', password: 'slow boats carry far' };
const CHECKS = 30;
const STORMS = 8;
const SIGN_INS = 200;
const IDLE_PROBES = 500;
const SETTINGS = { SIGN_IN_LIMIT: '1000000', GUESS_LIMIT: '1000' };

/**
 * What one password check costs, and what 200 sign-ins at the same moment do to others: how long a call that needs only
 * the event loop takes meanwhile, and one that needs a thread of the pool to read a file, beside the same in peace.
 */
export async function benchPasswords(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const server = await ServerProcess.start(directory, SETTINGS);
  const flood = fork(path.join(__dirname, 'flood.ts'), { execArgv: ['--import', 'tsx'] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const client = new Client(server.url);
  try {
    await client.call('POST', '/api/v1/auth/register', ACCOUNT);
    await storm(flood, server.url);
    const lines = [];
    for (const target of ['/healthz', '/favicon.svg']) {
      const probe = () => timed(() => get(agent, `${server.url}${target}`));
      const idle = await repeated(IDLE_PROBES, probe);
      const { busy, statuses } = await probeInStorms(flood, server.url, probe);
      lines.push(describe(target, idle, busy, statuses));
    }
    const check = await checkAlone();
    return [
      `one password check: ${check.toFixed(1)} ms; meanwhile ${SIGN_INS} sign-ins come at once, ${STORMS} times:`,
      ...lines,
    ].join('\n  ');
  } finally {
    client.close();
    agent.destroy();
    flood.kill();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function storm(flood: ChildProcess, url: string): Promise<number[]> {
  const done = once(flood, 'message') as Promise<[number[]]>;
  flood.send({ url, times: SIGN_INS, account: ACCOUNT });
  const [statuses] = await done;
  return statuses;
}

async function probeInStorms(
  flood: ChildProcess,
  url: string,
  probe: () => Promise<number>,
): Promise<{ busy: number[]; statuses: number[] }> {
  const busy: number[] = [];
  const statuses: number[] = [];
  for (let round = 0; round < STORMS; round += 1) {
    const over = new AbortController();
    const answers = storm(flood, url).finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) busy.push(await probe());
    statuses.push(...(await answers));
  }
  return { busy, statuses };
}

/** Milliseconds. */
async function checkAlone(): Promise<number> {
  const stored = await hash(ACCOUNT.password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  return median(await repeated(CHECKS, () => timed(() => verify(stored, ACCOUNT.password))));
}

function describe(target: string, idle: number[], busy: number[], statuses: number[]): string {
  const counts = [200, 503].map(
    (status) => `${statuses.filter((each) => each === status).length} × ${status}`,
  );
  const parts = [50, 99].map((percent) => {
    const [quiet, loud] = [percentile(idle, percent), percentile(busy, percent)];
    return `p${percent} ${loud.toFixed(1)} ms, ${(loud / quiet).toFixed(1)} × idle (${quiet.toFixed(1)} ms)`;
  });
  return `GET ${target}: ${parts.join('; ')}; ${busy.length} probes; sign-ins ${counts.join(', ')}`;
}

function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
}

async function repeated<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i += 1) results.push(await work());
  return results;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function get(agent: http.Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', reject);
  });
}
