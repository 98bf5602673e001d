import { createHash } from 'node:crypto';
import request, { type Response, type Test } from 'supertest';
import { API, type TestUser } from './factories';
import type { Ferry } from './ferry';
import type { ShownFile, ShownUpload } from './uploads';

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
  { dialect = 'resumable', bytes = resumableChunk(file, number) }: { dialect?: Dialect; bytes?: Buffer } = {},
): Test {
  return request(ferry.url)
    .post(RESUMABLE)
    .set(user.auth)
    .field(resumableFields(file, number, dialect))
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

/** As the home-grown protocol answers `verify`. */
export interface Verified {
  shouldUpload: boolean;
  uploadedList: string[];
  url?: string;
  file?: ShownFile;
}

/** Bytes of every chunk but the last of a `hashedClient`. */
export const HASHED_CHUNK = 1000;

export const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** Chunk `index` of the bytes. */
export const hashedChunk = (bytes: Buffer, index: number): Buffer =>
  bytes.subarray(index * HASHED_CHUNK, (index + 1) * HASHED_CHUNK);

export const fileIn = (answer: { body: unknown }): ShownFile => (answer.body as { file: ShownFile }).file;

/** The home-grown client of verify, chunk and merge, for whichever server and user it is at the time. */
export function hashedClient(at: () => { ferry: Ferry; user: TestUser }) {
  const post = (what: string, user: TestUser) =>
    request(at().ferry.url).post(`/compat/${what}`).set(user.auth);
  return {
    verified: async (fileHash: string, filename = '电影.mp4', by = at().user): Promise<Verified> => {
      const answer = await post('verify', by).send({ filename, fileHash }).expect(200);
      return answer.body as Verified;
    },
    sendChunk: (fileHash: string, index: number | string, bytes: Buffer, filename = '电影.mp4'): Test =>
      post('chunk', at().user)
        .attach('chunk', bytes, { filename: 'blob', contentType: 'application/octet-stream' })
        .field('hash', `${fileHash}-${index}`)
        .field('filename', filename)
        .field('fileHash', fileHash),
    merge: (fileHash: string, more: object = {}): Test =>
      post('merge', at().user).send({ size: HASHED_CHUNK, fileHash, filename: '电影.mp4', ...more }),
    openUploads: () => openUploadsOf(at().ferry, at().user),
  };
}

/** Open uploads of the user, newest first. */
export async function openUploadsOf(ferry: Ferry, user: TestUser): Promise<ShownUpload[]> {
  const answer = await request(ferry.url).get(`${API}/uploads`).set(user.auth).expect(200);
  return (answer.body as { items: ShownUpload[] }).items.filter(({ state }) => state === 'open');
}
