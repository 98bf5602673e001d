/**
 * A process that uploads one large file as fast as it can: told how and where, it says how many seconds that took. Several at once
 * are answered with the last of them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

/** Where an upload goes. */
export interface Sending {
  port: number;
  bytes: number;
  /** Uploads at the same time. */
  atOnce?: number;
  /** Of Ferry's own protocol; null sends one stream by tus, which has neither chunks nor connections. */
  chunks: { size: number; connections: number; token: string; completeOnly: boolean } | null;
}

export interface Sent {
  /** From the first request to the last answer. */
  seconds: number;
  /** Of the last request alone, which completes a chunked upload. */
  lastSeconds: number;
  fileId: string | null;
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

const PIECE = 5 * 2 ** 20;
/** Each piece of a file begins with other bytes, so that no content is like another. */
const STAMP = 16;
const base = randomBytes(PIECE).subarray(STAMP);

type Piece = [stamp: Buffer, rest: Buffer];

/** Bytes that are made as they are sent: a gigabyte needs no memory. */
function* piecesOf(bytes: number, size: number): Generator<Piece> {
  for (let at = 0; at < bytes; at += size) {
    const length = Math.min(size, bytes - at);
    yield [randomBytes(Math.min(STAMP, length)), base.subarray(0, Math.max(0, length - STAMP))];
  }
}

function digest(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function call(
  agent: http.Agent,
  port: number,
  options: { method: string; path: string; headers: Record<string, string | number> },
  body: Iterable<Buffer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on('error', reject);
    void write(request, body);
  });
}

async function write(request: http.ClientRequest, body: Iterable<Buffer>): Promise<void> {
  for (const piece of body) if (!request.write(piece)) await once(request, 'drain');
  request.end();
}

async function sendChunks(
  { port, bytes }: Sending,
  { size, connections, token, completeOnly }: NonNullable<Sending['chunks']>,
): Promise<Sent> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const whole = createHash('sha256');
  const chunks = [...piecesOf(bytes, size)].map((piece, index) => {
    for (const part of piece) whole.update(part);
    return { index, piece, digest: `sha-256=:${digest(...piece).toString('base64')}:` };
  });
  const sha256 = whole.digest('hex');
  const authorized = { Authorization: `Bearer ${token}` };
  const json = async (path: string, body: object, expected: number): Promise<unknown> => {
    const text = Buffer.from(JSON.stringify(body));
    const headers = { ...authorized, 'Content-Type': 'application/json', 'Content-Length': text.length };
    const answer = await call(agent, port, { method: 'POST', path, headers }, [text]);
    if (answer.status !== expected) throw new Error(`${path} was answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body);
  };
  const begun = performance.now();
  const wanted = { name: 'bench.bin', size: bytes, chunkSize: size };
  const { id } = (await json('/api/v1/uploads', wanted, 201)) as { id: string };
  const queue = chunks.values();
  const worker = async () => {
    for (const { index, piece, digest: expected } of queue) {
      const headers = {
        ...authorized,
        'Content-Type': 'application/octet-stream',
        'Content-Length': piece[0].length + piece[1].length,
        ...(!completeOnly && { 'Content-Digest': expected }),
      };
      const path = `/api/v1/uploads/${id}/chunks/${index}`;
      const { status, body } = await call(agent, port, { method: 'PUT', path, headers }, piece);
      if (status !== 200) throw new Error(`chunk ${index} was answered ${status}: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const last = performance.now();
  const done = await json(`/api/v1/uploads/${id}/complete`, { sha256 }, 201);
  const ended = performance.now();
  agent.destroy();
  const { file } = done as { file: { id: string } };
  return { seconds: (ended - begun) / 1000, lastSeconds: (ended - last) / 1000, fileId: file.id };
}

async function sendStream({ port, bytes }: Sending): Promise<Sent> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const version = { 'Tus-Resumable': '1.0.0' };
  const pieces = [...piecesOf(bytes, PIECE)].flat();
  const begun = performance.now();
  const opening = {
    method: 'POST',
    path: '/files/',
    headers: { ...version, 'Upload-Length': bytes, 'Content-Length': 0 },
  };
  const { headers: made, status, body } = await call(agent, port, opening, []);
  if (status !== 201) throw new Error(`creating was answered ${status}: ${body}`);
  const { pathname } = new URL(made.location ?? '', `http://127.0.0.1:${port}`);
  const headers = {
    ...version,
    'Upload-Offset': 0,
    'Content-Type': 'application/offset+octet-stream',
    'Content-Length': bytes,
  };
  const opened = performance.now();
  const answer = await call(agent, port, { method: 'PATCH', path: pathname, headers }, pieces);
  const ended = performance.now();
  if (answer.status !== 204) throw new Error(`PATCH was answered ${answer.status}: ${answer.body}`);
  agent.destroy();
  return { seconds: (ended - begun) / 1000, lastSeconds: (ended - opened) / 1000, fileId: null };
}

process.on('message', (sending: Sending) => {
  const send = () => (sending.chunks ? sendChunks(sending, sending.chunks) : sendStream(sending));
  const all = Promise.all(Array.from({ length: sending.atOnce ?? 1 }, send));
  void all.then((sent) => process.send?.(sent.at(-1)));
});
