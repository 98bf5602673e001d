import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../test/main-job/client';
import { ServerProcess } from '../test/support/server-process';
import { interleaved } from './measure';

const FILES = 500;
const ROUNDS = 7;

/** From the start of the process to its first answer, on data that is there; beside a bare Node that runs nothing. */
export async function benchStart(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const server = await ServerProcess.start(directory);
  try {
    await fill(server.url);
    const { ours, theirs, ratio } = await interleaved(
      ROUNDS,
      async () => {
        await server.stop();
        return server.start();
      },
      bareNode,
    );
    return `start to first answer on ${FILES} files: ${ours.toFixed(0)} ms (limit 1000), ${ratio.toFixed(1)} × a bare node process (${theirs.toFixed(0)} ms)`;
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(url: string): Promise<void> {
  const client = new Client(url);
  const account = { username: 'bench', password: 'slow boats carry far' };
  const { body } = await client.call<{ accessToken: string }>('POST', '/api/v1/auth/register', account);
  client.token = body.accessToken;
  for (let i = 0; i < FILES; i += 1)
    await client.call('POST', '/api/v1/uploads', { name: `${i}.txt`, size: 0 });
  client.close();
}

async function bareNode(): Promise<number> {
  const begun = performance.now();
  await once(spawn(process.execPath, ['-e', '']), 'exit');
  return performance.now() - begun;
}
