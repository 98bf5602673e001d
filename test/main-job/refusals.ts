import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Client, Upload } from './client';
import type { Report } from './report';

interface Problem {
  code?: string;
  missing?: [number, number][];
}

const CHUNK = 256 * 1024;

/** What a client does wrong, and what it is told. Leaves no open upload. */
export async function refusals(report: Report, client: Client): Promise<void> {
  const bytes = randomBytes(3 * CHUNK - 1000);
  const chunk = (index: number) => bytes.subarray(index * CHUNK, (index + 1) * CHUNK);
  const { body: upload } = await create(client, {
    name: 'refusals.bin',
    size: bytes.length,
    chunkSize: CHUNK,
  });
  const path = `/api/v1/uploads/${upload.id}`;
  const put = (index: number, body: Buffer, headers = {}) =>
    client.call<Problem>('PUT', `${path}/chunks/${index}`, body, headers);

  const wrong = createHash('sha256').update('other bytes').digest('base64');
  expect(
    report,
    'a chunk with a wrong digest',
    await put(0, chunk(0), { 'Content-Digest': `sha-256=:${wrong}:` }),
    422,
    'digest_mismatch',
  );
  expect(report, 'an overlong chunk', await put(0, randomBytes(CHUNK + 1)), 413, 'too_large');
  await put(2, chunk(2));
  const early = await client.call<Problem>('POST', `${path}/complete`);
  expect(report, 'complete with chunks missing', early, 409, 'upload_incomplete');
  report.check(
    '  … naming them',
    JSON.stringify(early.body.missing) === '[[0,1]]',
    JSON.stringify(early.body.missing),
  );
  const both = await Promise.all([put(0, chunk(0)), put(0, chunk(0))]);
  report.check(
    'two clients with the same chunk at once: both 200',
    both.every(({ status }) => status === 200),
  );
  expect(
    report,
    'other bytes for a chunk that is there',
    await put(0, randomBytes(CHUNK)),
    409,
    'chunk_conflict',
  );
  await put(1, chunk(1));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const done = await client.call<{ file: { sha256: string } }>('POST', `${path}/complete`, { sha256 });
  report.check('and nothing of it is lost', done.status === 201 && done.body.file.sha256 === sha256);

  const named = await create(client, { name: '../../etc/中文 报告.pdf', size: 0 });
  report.check(
    'a name with ../ and Chinese, and no byte',
    named.status === 201 && named.body.file?.name === '中文 报告.pdf',
    named.body.file?.name,
  );
  const aborted = await create(client, { name: 'aborted.bin', size: CHUNK });
  await client.call('DELETE', `/api/v1/uploads/${aborted.body.id}`);
  expect(
    report,
    'an aborted upload',
    await client.call<Problem>('GET', `/api/v1/uploads/${aborted.body.id}`),
    410,
    'gone',
  );
}

function create(client: Client, input: object): Promise<Answer<Upload>> {
  return client.call<Upload>('POST', '/api/v1/uploads', input);
}

function expect(report: Report, what: string, answer: Answer<Problem>, status: number, code: string): void {
  report.check(
    what,
    answer.status === status && answer.body.code === code,
    `${answer.status} ${answer.body.code ?? ''}`,
  );
}
