import { createHash, randomBytes } from 'node:crypto';
import request from 'supertest';
import type { Ferry } from './ferry';

export const API = '/api/v1';

let count = 0;

export interface TestUser {
  id: string;
  username: string;
  password: string;
  accessToken: string;
  refreshToken: string;
  /** For `.set(user.auth)`. */
  auth: { Authorization: string };
}

/** A new user, signed in. */
export async function makeUser(
  ferry: Ferry,
  input: { username?: string; password?: string } = {},
): Promise<TestUser> {
  count += 1;
  const username = input.username ?? `user${count}`;
  const password = input.password ?? 'a password of some length';
  const response = await request(ferry.url)
    .post(`${API}/auth/register`)
    .send({ username, password })
    .expect(201);
  const { accessToken, refreshToken, user } = response.body as {
    accessToken: string;
    refreshToken: string;
    user: { id: string };
  };
  const auth = { Authorization: `Bearer ${accessToken}` };
  return { id: user.id, username, password, accessToken, refreshToken, auth };
}

export interface TestFile {
  id: string;
  bytes: Buffer;
  sha256: string;
  contentUrl: string;
}

/** A finished file of the user. */
export async function makeFile(
  ferry: Ferry,
  user: TestUser,
  input: { bytes?: Buffer; name?: string; type?: string; visibility?: 'private' | 'public' } = {},
): Promise<TestFile> {
  const bytes = input.bytes ?? randomBytes(1000);
  const response = await request(ferry.url)
    .post(`${API}/files`)
    .set(user.auth)
    .field('visibility', input.visibility ?? 'private')
    .attach('file', bytes, {
      filename: input.name ?? 'file.bin',
      contentType: input.type ?? 'application/octet-stream',
    })
    .expect(201);
  const { file } = response.body as { file: { id: string; contentUrl: string } };
  return { id: file.id, bytes, sha256: sha256Of(bytes), contentUrl: file.contentUrl };
}

export interface TestUpload {
  id: string;
  size: number;
  chunkSize: number;
  chunkCount: number;
  state: string;
  received: [number, number][];
  receivedBytes: number;
}

/** An open upload of the user. */
export async function makeUpload(
  ferry: Ferry,
  user: TestUser,
  input: { name?: string; size: number; chunkSize?: number; sha256?: string },
): Promise<TestUpload> {
  const response = await request(ferry.url)
    .post(`${API}/uploads`)
    .set(user.auth)
    .send({ name: 'upload.bin', ...input })
    .expect(201);
  return response.body as TestUpload;
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A value of Content-Digest. */
export function contentDigest(bytes: Buffer): string {
  return `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
}
