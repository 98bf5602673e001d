import request, { type Response, type Test } from 'supertest';
import type { TestUser } from './factories';
import type { Ferry } from './ferry';

export const RESUMABLE = '/compat/resumable';

/** A file as clients of the resumable.js family have it. */
export interface ClientFile {
  name: string;
  bytes: Buffer;
  chunkSize: number;
  identifier?: string;
  /** A last chunk of its own for what is left over. */
  forceChunkSize?: boolean;
}

export type Dialect = 'resumable' | 'flow' | '';

export function countOf({ bytes, chunkSize, forceChunkSize }: ClientFile): number {
  const count = bytes.length / chunkSize;
  return Math.max(forceChunkSize ? Math.ceil(count) : Math.floor(count), 1);
}

/** Bytes of a chunk, counted from 1. */
export function resumableChunk(file: ClientFile, number: number): Buffer {
  const start = (number - 1) * file.chunkSize;
  return file.bytes.subarray(start, number === countOf(file) ? undefined : start + file.chunkSize);
}

/** What a client says of a chunk, by the names of its dialect. */
export function resumableFields(
  file: ClientFile,
  number: number,
  dialect: Dialect = 'resumable',
): Record<string, string> {
  const fields = {
    ChunkNumber: String(number),
    ChunkSize: String(file.chunkSize),
    CurrentChunkSize: String(resumableChunk(file, number).length),
    TotalSize: String(file.bytes.length),
    Identifier: file.identifier ?? `${file.bytes.length}-${file.name.replace(/[^0-9a-zA-Z_-]/g, '')}`,
    Filename: file.name,
    RelativePath: file.name,
    TotalChunks: String(countOf(file)),
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      dialect === '' ? name.charAt(0).toLowerCase() + name.slice(1) : dialect + name,
      value,
    ]),
  );
}

export function testChunk(
  ferry: Pick<Ferry, 'url'>,
  user: TestUser,
  file: ClientFile,
  number: number,
  dialect?: Dialect,
): Test {
  return request(ferry.url)
    .get(RESUMABLE)
    .set(user.auth)
    .query(resumableFields(file, number, dialect));
}

export function postChunk(
  ferry: Pick<Ferry, 'url'>,
  user: TestUser,
  file: ClientFile,
  number: number,
  { dialect = 'resumable' as Dialect, fields = {}, bytes = resumableChunk(file, number) } = {},
): Test {
  return request(ferry.url)
    .post(RESUMABLE)
    .set(user.auth)
    .field({ ...resumableFields(file, number, dialect), ...(fields as Record<string, string>) })
    .attach('file', bytes, { filename: file.name, contentType: 'application/octet-stream' });
}

/** Sends all chunks, one after the other. @returns the last answer */
export async function postAll(
  ferry: Ferry,
  user: TestUser,
  file: ClientFile,
  dialect?: Dialect,
): Promise<Response> {
  let last: Response | undefined;
  for (let number = 1; number <= countOf(file); number += 1) {
    last = await postChunk(ferry, user, file, number, dialect === undefined ? {} : { dialect }).expect(200);
  }
  return last!;
}
