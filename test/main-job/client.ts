import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import http from 'node:http';

export interface Upload {
  id: string;
  size: number;
  chunkSize: number;
  chunkCount: number;
  received: [number, number][];
  state: string;
  file?: { id: string; name: string; sha256: string; size: number };
}

export interface Answer<T> {
  status: number;
  body: T;
}

/** Calls the API as a program would that somebody writes in an afternoon. */
export class Client {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

  constructor(
    readonly url: string,
    public token = '',
  ) {}

  /** @returns the answer; rejects when the connection breaks */
  call<T>(
    method: string,
    path: string,
    body?: Buffer | object,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const payload = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json';
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.url}${path}`, {
        method,
        agent: this.agent,
        headers: {
          ...(this.token && { Authorization: `Bearer ${this.token}` }),
          ...(payload && { 'Content-Type': type, 'Content-Length': payload.length }),
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          resolve({ status: response.statusCode ?? 0, body: (text ? JSON.parse(text) : null) as T });
        });
      });
      request.end(payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** The chunks of these ranges, one after another. */
function* indices(ranges: [number, number][]): Generator<number> {
  for (const [first, last] of ranges) for (let index = first; index <= last; index += 1) yield index;
}

export function missing({ received, chunkCount }: Upload): [number, number][] {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of received) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next < chunkCount) gaps.push([next, chunkCount - 1]);
  return gaps;
}

/**
 * Sends chunks of a file over so many connections, with their digests.
 * @param sent called after each chunk that was answered 200
 * @returns the indices that were answered 200; a broken connection ends it early
 */
export async function sendChunks(
  client: Client,
  upload: Upload,
  file: string,
  connections: number,
  sent: (count: number) => void = () => undefined,
): Promise<number[]> {
  const handle = await open(file);
  const queue = indices(missing(upload));
  const acknowledged: number[] = [];
  const worker = async () => {
    for (const index of queue) {
      const start = index * upload.chunkSize;
      const bytes = Buffer.alloc(Math.min(upload.chunkSize, upload.size - start));
      await handle.read(bytes, 0, bytes.length, start);
      const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
      const path = `/api/v1/uploads/${upload.id}/chunks/${index}`;
      const answer = await client.call('PUT', path, bytes, { 'Content-Digest': digest }).catch(() => null);
      if (answer?.status !== 200) return;
      acknowledged.push(index);
      sent(acknowledged.length);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  await handle.close();
  return acknowledged;
}
