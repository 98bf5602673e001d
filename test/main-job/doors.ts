import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../support/server-process';
import type { Report } from './report';

const MIB = 1024 * 1024;
const ROUNDS = 5;
const CHUNK = 4 * MIB;
const CHUNKS = 8;

interface TusAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
}

/**
 * Uploads by tus while the server is killed: in the middle of bytes, and in the middle of a concatenation. What was
 * acknowledged has to be there, and there has to be one file with the right SHA-256 at the end.
 */
export async function uploadsByTus(report: Report, server: ServerProcess, token: string): Promise<void> {
  report.section(
    `tus: ${ROUNDS} times kill -9 while bytes come, and ${ROUNDS} times while pieces are joined`,
  );
  const tus = tusClient(server, token);
  for (let round = 1; round <= ROUNDS; round += 1) await cutWhileBytesCome(report, server, tus, round);
  for (let round = 1; round <= ROUNDS; round += 1) await cutWhileJoining(report, server, tus, round);
}

type Tus = ReturnType<typeof tusClient>;

async function cutWhileBytesCome(
  report: Report,
  server: ServerProcess,
  tus: Tus,
  round: number,
): Promise<void> {
  const bytes = randomBytes(CHUNK * CHUNKS);
  const address = await tus.open(bytes.length, {});
  const killing = sleep(round * 40).then(() => server.kill());
  let acknowledged = 0;
  try {
    while (acknowledged < bytes.length) {
      await tus.patch(address, acknowledged, bytes.subarray(acknowledged, acknowledged + CHUNK));
      acknowledged += CHUNK;
    }
  } catch {
    // The server is gone.
  }
  await killing;
  await server.start();
  const { headers } = await tus.call('HEAD', address, {});
  const offset = Number(headers['upload-offset']);
  report.check(
    `round ${round}: what was acknowledged is there`,
    offset >= acknowledged,
    `${acknowledged / MIB} MiB acknowledged, ${offset / MIB} MiB there`,
  );
  const last =
    offset < bytes.length ? (await tus.patch(address, offset, bytes.subarray(offset))).headers : headers;
  await expectFile(report, server, tus, round, last['ferry-file-id'], bytes);
}

async function cutWhileJoining(
  report: Report,
  server: ServerProcess,
  tus: Tus,
  round: number,
): Promise<void> {
  const bytes = randomBytes(CHUNK * CHUNKS);
  const addresses: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const address = await tus.open(CHUNK, { 'Upload-Concat': 'partial' });
    await tus.patch(address, 0, bytes.subarray(at, at + CHUNK));
    addresses.push(address);
  }
  const join = () => tus.call('POST', '/tus/', { 'Upload-Concat': `final;${addresses.join(' ')}` });
  const killing = sleep((round - 1) * 12).then(() => server.kill());
  const first = await join().catch(() => null);
  await killing;
  await server.start();
  const again = await join();
  report.check(
    `round ${round}: the same pieces again are one whole`,
    again.status === 201 && (!first || first.headers.location === again.headers.location),
    first ? 'the first answer came' : 'the first answer was cut off',
  );
  await expectFile(report, server, tus, round, again.headers['ferry-file-id'], bytes);
}

async function expectFile(
  report: Report,
  server: ServerProcess,
  tus: Tus,
  round: number,
  id: string | string[] | undefined,
  bytes: Buffer,
): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/files/${String(id)}/content`, { headers: tus.auth });
  const content = Buffer.from(await response.arrayBuffer());
  const same =
    createHash('sha256').update(content).digest('hex') === createHash('sha256').update(bytes).digest('hex');
  report.check(`round ${round}: the same SHA-256`, response.ok && same);
}

function tusClient(server: ServerProcess, token: string) {
  const auth = { Authorization: `Bearer ${token}` };

  function call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<TusAnswer> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${server.url}${path}`, {
        method,
        headers: {
          ...auth,
          'Tus-Resumable': '1.0.0',
          'Content-Length': String(body?.length ?? 0),
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
      });
      request.end(body);
    });
  }

  return {
    auth,
    call,
    async open(size: number, headers: Record<string, string>): Promise<string> {
      const answer = await call('POST', '/tus/', { 'Upload-Length': String(size), ...headers });
      if (answer.status !== 201) throw new Error(`creating was answered ${answer.status}`);
      return answer.headers.location ?? '';
    },
    async patch(address: string, offset: number, bytes: Buffer): Promise<TusAnswer> {
      const type = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) };
      const answer = await call('PATCH', address, type, bytes);
      if (answer.status !== 204) throw new Error(`PATCH was answered ${answer.status}`);
      return answer;
    },
  };
}
