import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client, type Upload } from '../test/main-job/client';
import { ServerProcess } from '../test/support/server-process';
import { interleaved, startPeer } from './measure';

const MIB = 1024 * 1024;
const CHUNK = 5 * MIB;
const CHUNKS = 52;
const CONNECTIONS = 4;
const ROUNDS = 5;

/**
 * MiB/s of 260 MiB in chunks of 5 MiB over 4 connections, until the whole is complete with its SHA-256; beside a
 * server that writes and syncs one file for each chunk, checks nothing and leaves the merging undone.
 */
export async function benchUpload(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const server = await ServerProcess.start(directory);
  const peer = await startPeer('chunkFiles', directory);
  const chunks = Array.from({ length: CHUNKS }, () => randomBytes(CHUNK));
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const sha256 = hash.digest('hex');
  const ours = new Client(server.url);
  const theirs = new Client(peer.url);
  try {
    const account = { username: 'bench', password: 'slow boats carry far' };
    const { body } = await ours.call<{ accessToken: string }>('POST', '/api/v1/auth/register', account);
    ours.token = body.accessToken;
    const result = await interleaved(
      ROUNDS,
      () => rate(() => uploadWhole(ours, chunks, sha256)),
      () => rate(() => sendAll(theirs, chunks, (index) => `/${index}`)),
    );
    const { peak } = await server.memory();
    return `upload: ${result.ours.toFixed(0)} MiB/s, ${result.ratio.toFixed(2)} × one file for each chunk, unmerged (${result.theirs.toFixed(0)} MiB/s); resident at most ${peak.toFixed(0)} MiB`;
  } finally {
    ours.close();
    theirs.close();
    await peer.stop();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function rate(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (CHUNKS * CHUNK) / MIB / ((performance.now() - begun) / 1000);
}

async function uploadWhole(client: Client, chunks: Buffer[], sha256: string): Promise<void> {
  const created = await client.call<Upload>('POST', '/api/v1/uploads', {
    name: 'bench.bin',
    size: CHUNKS * CHUNK,
    chunkSize: CHUNK,
  });
  const upload = `/api/v1/uploads/${created.body.id}`;
  await sendAll(client, chunks, (index) => `${upload}/chunks/${index}`);
  const { status, body } = await client.call<{ file: { id: string } }>('POST', `${upload}/complete`, {
    sha256,
  });
  if (status !== 201) throw new Error(`complete was answered ${status}`);
  await client.call('DELETE', `/api/v1/files/${body.file.id}`);
}

async function sendAll(client: Client, chunks: Buffer[], pathOf: (index: number) => string): Promise<void> {
  const queue = chunks.entries();
  const worker = async () => {
    for (const [index, chunk] of queue) {
      const { status } = await client.call('PUT', pathOf(index), chunk);
      if (status !== 200) throw new Error(`chunk ${index} was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}
