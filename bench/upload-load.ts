import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../test/main-job/client';
import { startFerry } from './contenders';
import { PinnedProcess } from './pinned';
import type { Sending, Sent } from './send';

const MIB = 2 ** 20;
const CHUNK = 5 * MIB;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const AT_ONCE = 50;
const BYTES_EACH = 20 * MIB;
const SMALL = 10 * MIB;
const LARGE = 4096 * MIB;
const IDLE_REQUESTS = 500;

/** What uploads cost others: memory, the time of small requests beside them, and the time to complete a large one. */
export async function benchUploadLoad(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const processes: PinnedProcess[] = [];
  try {
    await mkdir(path.join(directory, 'files'));
    const { process: server, port } = await startFerry(directory, SERVER_CORE, { BLOB_GRACE_MINUTES: '1' });
    processes.push(server);
    const line = [process.execPath, '--import', 'tsx', path.join(__dirname, 'send.ts')];
    const sender = new PinnedProcess({ line, core: LOAD_CORE, directory: path.resolve(__dirname, '..') });
    processes.push(sender);
    const client = new Client(`http://127.0.0.1:${port}`);
    const account = { username: 'bench', password: 'slow boats carry far' };
    const { body } = await client.call<{ accessToken: string }>('POST', '/api/v1/auth/register', account);
    client.token = body.accessToken;
    const chunks = { size: CHUNK, connections: 1, token: client.token, completeOnly: false };
    const send = (sending: Omit<Sending, 'port' | 'chunks'>) =>
      sender.ask<Sent>({ port, chunks, ...sending } satisfies Sending);
    await send({ bytes: SMALL });
    const idle = await latencies(client, (count) => count < IDLE_REQUESTS);
    const idleMemory = await server.resident();
    const ended = new AbortController();
    const sent = send({ bytes: BYTES_EACH, atOnce: AT_ONCE }).finally(() => ended.abort());
    const [beside, peak] = await Promise.all([
      latencies(client, () => !ended.signal.aborted),
      peakUntil(ended.signal, server),
      sent,
    ]);
    const small = await send({ bytes: SMALL });
    const large = await send({ bytes: LARGE });
    client.close();
    return [
      `${AT_ONCE} uploads at once: ${(peak - idleMemory).toFixed(0)} MiB above the ${idleMemory.toFixed(0)} MiB of idle`,
      `GET /api/v1/users/me beside them: p50 ${at(beside, 0.5)} ms, p99 ${at(beside, 0.99)} ms of ${beside.length}; idle ${at(idle, 0.5)} and ${at(idle, 0.99)} ms`,
      `complete: ${(small.lastSeconds * 1000).toFixed(0)} ms of ${SMALL / MIB} MiB, ${(large.lastSeconds * 1000).toFixed(0)} ms of ${LARGE / MIB} MiB (sent in ${large.seconds.toFixed(0)} s)`,
    ].join('\n');
  } finally {
    for (const each of processes) await each.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The most resident memory in MiB that was seen. */
async function peakUntil(ended: AbortSignal, server: PinnedProcess): Promise<number> {
  let peak = 0;
  while (!ended.aborted) {
    peak = Math.max(peak, await server.resident());
    await sleep(20);
  }
  return peak;
}

/** Milliseconds of one small request after another, in ascending order. */
async function latencies(client: Client, more: (count: number) => boolean): Promise<number[]> {
  const times: number[] = [];
  while (more(times.length)) {
    const begun = performance.now();
    await client.call('GET', '/api/v1/users/me');
    times.push(performance.now() - begun);
  }
  return times.sort((left, right) => left - right);
}

function at(sorted: number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
}
