import path from 'node:path';
import type { Readable } from 'node:stream';
import request, { type Test } from 'supertest';
import { API, type TestUpload, type TestUser } from './factories';
import type { Ferry } from './ferry';

/** An upload or file as the API shows it, as far as tests look at it. */
export interface ShownFile {
  id: string;
  name: string;
  size: number;
  type: string;
  sha256: string;
  visibility: string;
  contentUrl: string;
  createdAt: string;
  updatedAt: string;
}

export interface ShownUpload extends TestUpload {
  name: string;
  type: string;
  expiresAt: string;
  file?: ShownFile;
}

export const uploadPath = (id: string): string => `${API}/uploads/${id}`;
export const chunkPath = (id: string, index: number | string): string => `${uploadPath(id)}/chunks/${index}`;

/** Bytes of chunk `index`. */
export function chunkOf(upload: { chunkSize: number }, bytes: Buffer, index: number): Buffer {
  return bytes.subarray(index * upload.chunkSize, (index + 1) * upload.chunkSize);
}

export function createUpload(ferry: Ferry, user: TestUser, body: object): Test {
  return request(ferry.url).post(`${API}/uploads`).set(user.auth).send(body);
}

/** PUT of the chunk's bytes. */
export function sendChunk(
  ferry: Ferry,
  user: TestUser,
  id: string,
  index: number | string,
  bytes: Buffer,
): Test {
  return request(ferry.url)
    .put(chunkPath(id, index))
    .set(user.auth)
    .set('Content-Type', 'application/octet-stream')
    .send(bytes);
}

/** POST of the chunk as a form. */
export function sendChunkForm(ferry: Ferry, user: TestUser, id: string, index: number, bytes: Buffer): Test {
  return request(ferry.url)
    .post(chunkPath(id, index))
    .set(user.auth)
    .attach('chunk', bytes, { filename: 'blob', contentType: 'application/octet-stream' });
}

/** Sends all chunks, one after the other. */
export async function sendAll(
  ferry: Ferry,
  user: TestUser,
  upload: TestUpload,
  bytes: Buffer,
): Promise<void> {
  for (let index = 0; index < upload.chunkCount; index += 1) {
    await sendChunk(ferry, user, upload.id, index, chunkOf(upload, bytes, index)).expect(200);
  }
}

export function getUpload(ferry: Ferry, user: TestUser, id: string): Test {
  return request(ferry.url).get(uploadPath(id)).set(user.auth);
}

export function complete(ferry: Ferry, user: TestUser, id: string, body?: object): Test {
  const post = request(ferry.url)
    .post(`${uploadPath(id)}/complete`)
    .set(user.auth);
  return body ? post.send(body) : post;
}

export function abort(ferry: Ferry, user: TestUser, id: string): Test {
  return request(ferry.url).delete(uploadPath(id)).set(user.auth);
}

export async function listFiles(ferry: Ferry, user: TestUser): Promise<ShownFile[]> {
  const answer = await request(ferry.url).get(`${API}/files?limit=100`).set(user.auth).expect(200);
  return (answer.body as { items: ShownFile[] }).items;
}

/** The whole content, whatever its type. */
export async function contentOf(ferry: Ferry, user: TestUser, file: { contentUrl: string }): Promise<Buffer> {
  const answer = await request(ferry.url)
    .get(file.contentUrl)
    .set(user.auth)
    .buffer(true)
    .parse(bytesOf)
    .expect(200);
  return answer.body as Buffer;
}

/** A parser for supertest that keeps bytes as they are. */
export function bytesOf(response: request.Response, done: (error: Error | null, body: Buffer) => void): void {
  // The types say otherwise, but a parser gets the message that Node made.
  const message = response as unknown as Readable;
  const pieces: Buffer[] = [];
  message.on('data', (piece: Buffer) => pieces.push(piece));
  message.on('end', () => done(null, Buffer.concat(pieces)));
  message.on('error', (error: Error) => done(error, Buffer.alloc(0)));
}

/** The ids of the parts that there are, by name. */
export async function partsOf(ferry: Ferry): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of ferry.stores.blobs.listParts()) ids.push(id);
  return ids.sort();
}

/** Where the content lies on the disk. */
export function blobPath(ferry: Ferry, sha256: string): string {
  return path.join(ferry.config.uploadsDirectory, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

/** A problem document without what differs from request to request. */
export function problemOf(answer: { body: unknown }): object {
  return { ...(answer.body as object), requestId: undefined };
}
