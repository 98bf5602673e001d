import { mkdtemp, mkdir, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { ulid } from 'ulid';
import { API, makeUpload, makeUser, type TestUser } from '../test/support/factories';
import { startFerry, type Ferry } from '../test/support/ferry';
import { abort, getUpload, sendChunk } from '../test/support/uploads';
import request from 'supertest';
import { median } from './measure';

const MANY = 10_000;
const ROUNDS = 30;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Of one user, as if each had its first chunk. */
async function addOpenUploads(ferry: Ferry, owner: TestUser): Promise<void> {
  const model = await makeUpload(ferry, owner, { size: CHUNK.length * 2, chunkSize: CHUNK.length });
  const database = new Sqlite(path.join(ferry.config.dataDirectory, 'ferry.sqlite'));
  const names = database
    .prepare<[], { name: string }>('PRAGMA table_info(uploads)')
    .all()
    .map(({ name }) => name)
    .filter((name) => name !== 'id');
  const copy = database.prepare(
    `INSERT INTO uploads (id, ${names.join(', ')}) SELECT ?, ${names.join(', ')} FROM uploads WHERE id = ?`,
  );
  const extent = database.prepare('INSERT INTO extents VALUES (?, 0, ?)');
  const ids = Array.from({ length: MANY }, () => ulid().toLowerCase());
  database.transaction(() => {
    for (const id of ids) {
      copy.run(id, model.id);
      extent.run(id, CHUNK.length);
    }
  })();
  database.close();
  const parts = path.join(ferry.config.uploadsDirectory, 'parts');
  await mkdir(parts, { recursive: true });
  for (const id of ids) await (await open(path.join(parts, id), 'w')).close();
}

/** Milliseconds of the calls, by their names: medians of many. */
async function measure(ferry: Ferry, user: TestUser): Promise<Map<string, number>> {
  const times = new Map<string, number[]>();
  const timed = async <T>(name: string, work: () => PromiseLike<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    times.set(name, [...(times.get(name) ?? []), performance.now() - begun]);
    return result;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const upload = await timed('create', () =>
      makeUpload(ferry, user, { size: CHUNK.length, chunkSize: CHUNK.length }),
    );
    await timed('chunk', () => sendChunk(ferry, user, upload.id, 0, CHUNK).expect(200));
    await timed('read', () => getUpload(ferry, user, upload.id).expect(200));
    await timed('list 100', () =>
      request(ferry.url).get(`${API}/uploads?limit=100`).set(user.auth).expect(200),
    );
    await timed('abort', () => abort(ferry, user, upload.id).expect(204));
  }
  for (let round = 0; round < 5; round += 1) await timed('clean up', () => ferry.services.maintenance.run());
  return new Map([...times].map(([name, each]) => [name, median(each)]));
}

/** How much slower a server with many open uploads is than an empty one. */
export async function benchOpenUploads(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  const settings = { MAX_OPEN_UPLOADS: '1000000', ACCESS_TOKEN_SECONDS: '86400' };
  const empty = await startFerry({ settings });
  const full = await startFerry({ directory, settings });
  try {
    const users = [await makeUser(empty), await makeUser(full)] as const;
    for (let index = 0; index < 100; index += 1) await makeUpload(empty, users[0], { size: CHUNK.length });
    await addOpenUploads(full, users[1]);
    const before = await measure(empty, users[0]);
    const after = await measure(full, users[1]);
    const lines = [...before].map(([name, ms]) => {
      const other = after.get(name) ?? NaN;
      return `| ${name} | ${ms.toFixed(1)} | ${other.toFixed(1)} | ${(other / ms).toFixed(1)} |`;
    });
    return [`| ms | 100 open | ${MANY} open | × |`, '| --- | --- | --- | --- |', ...lines].join('\n');
  } finally {
    await empty.stop();
    await full.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
