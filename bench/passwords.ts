import { verify, hash } from '@node-rs/argon2';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { ServerProcess } from '../test/support/server-process';
import { median } from './measure';

const ACCOUNT = { username: 'bench', password: 'slow boats carry far' };
const CHECKS = 30;
const STORMS = 5;
const SIGN_INS = 200;
const IDLE_PROBES = 300;

/**
 * What one password check costs, and what 200 sign-ins at the same moment do to others: how long GET /healthz takes
 * meanwhile, beside the same with nothing else going on, and how a file of the disk fares.
 */
export async function benchPasswords(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const server = await ServerProcess.start(directory, { SIGN_IN_LIMIT: '1000000', GUESS_LIMIT: '1000' });
  const probes = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const signIns = new http.Agent({ keepAlive: true });
  const signIn = () => send(signIns, 'POST', `${server.url}/api/v1/auth/login`, ACCOUNT);
  const probe = (target: string) => timed(() => send(probes, 'GET', `${server.url}${target}`));
  try {
    await send(signIns, 'POST', `${server.url}/api/v1/auth/register`, ACCOUNT);
    const check = await checkAlone();
    const results = [];
    for (const target of ['/healthz', '/favicon.svg']) {
      const idle = await repeated(IDLE_PROBES, () => probe(target));
      const statuses: number[] = [];
      const busy: number[] = [];
      for (let storm = 0; storm < STORMS; storm += 1) {
        const flood = new AbortController();
        const answers = repeatedAtOnce(SIGN_INS, signIn).finally(() => {
          flood.abort();
        });
        while (!flood.signal.aborted) busy.push(await probe(target));
        statuses.push(...(await answers));
      }
      results.push(describe(target, idle, busy, statuses));
    }
    return [
      `password check: ${check.toFixed(1)} ms on an idle machine; ${SIGN_INS} sign-ins at once, ${STORMS} times:`,
      ...results,
    ].join('\n  ');
  } finally {
    probes.destroy();
    signIns.destroy();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
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

function repeatedAtOnce<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, work));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** @returns the status */
function send(agent: http.Agent, method: string, url: string, body?: object): Promise<number> {
  const payload = body && JSON.stringify(body);
  const headers = payload && {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(payload),
  };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, ...(headers && { headers }) }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}
