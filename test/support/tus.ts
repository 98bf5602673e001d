import { createHash } from 'node:crypto';
import request, { type Test } from 'supertest';
import type { TestUser } from './factories';
import type { Ferry } from './ferry';

/** A value of Upload-Metadata. */
export function metadataOf(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** A value of Upload-Checksum. */
export function checksumOf(bytes: Buffer, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return `${algorithm} ${createHash(algorithm).update(bytes).digest('base64')}`;
}

type Method = 'post' | 'head' | 'patch' | 'delete' | 'get' | 'options';

/** Requests of one user by tus. */
export class TusClient {
  constructor(
    private readonly ferry: Ferry,
    private readonly user: TestUser,
  ) {}

  send(method: Method, path: string, headers: Record<string, string> = {}): Test {
    const asked = request(this.ferry.url)[method](path);
    return asked.set({ 'Tus-Resumable': '1.0.0', ...this.user.auth, ...headers });
  }

  create(headers: Record<string, string>): Test {
    return this.send('post', '/tus/', headers);
  }

  /** A new upload. @returns its address */
  async open(headers: Record<string, string>): Promise<string> {
    const answer = await this.create(headers).expect(201);
    return answer.headers['location']!;
  }

  head(address: string): Test {
    return this.send('head', address);
  }

  patch(address: string, offset: number, bytes: Buffer, headers: Record<string, string> = {}): Test {
    return this.send('patch', address, {
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(offset),
      ...headers,
    }).send(bytes);
  }

  /** A partial upload that is whole. @returns its address */
  async piece(bytes: Buffer): Promise<string> {
    const address = await this.open({ 'Upload-Length': String(bytes.length), 'Upload-Concat': 'partial' });
    await this.patch(address, 0, bytes).expect(204);
    return address;
  }
}

/** The id at the end of an upload's address. */
export function idOf(address: string): string {
  return address.split('/').at(-1)!;
}
