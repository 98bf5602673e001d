import { createHmac, randomBytes } from 'node:crypto';
import request from 'supertest';
import { createUpload as createUploadSchema } from '../../src/schemas/uploads';
import { API, makeFile, makeUser, sha256Of, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import { complete, contentOf, createUpload, partsOf, sendChunk, type ShownUpload } from '../support/uploads';

interface Proof {
  nonce: string;
  ranges: [number, number][];
  expiresAt: string;
}
type Challenged = ShownUpload & { proof?: Proof };

const START = new Date('2026-11-22T08:15:30.123Z').getTime();

let ferry: Ferry;
let owner: TestUser;
let claimant: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(START), settings: { INSTANT_UPLOAD: 'proof' } });
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  [owner, claimant] = [await makeUser(ferry), await makeUser(ferry)];
});

async function claim(sha256: string, size: number, as = claimant): Promise<Challenged> {
  const answer = await createUpload(ferry, as, { name: '我的.bin', size, sha256 }).expect(201);
  const upload = answer.body as Challenged;
  expect(createUploadSchema.responses[201]?.schema?.parse(upload)).toEqual(upload);
  return upload;
}

const claimOf = (file: TestFile) => claim(file.sha256, file.bytes.length);

function answersOf(upload: Challenged, bytes: Buffer): string[] {
  const { nonce = '', ranges = [] } = upload.proof ?? {};
  return ranges.map(([offset, length]) =>
    createHmac('sha256', nonce)
      .update(bytes.subarray(offset, offset + length))
      .digest('hex'),
  );
}

const prove = (upload: Challenged, answers: string[], as = claimant) =>
  request(ferry.url).post(`${API}/uploads/${upload.id}/proof`).set(as.auth).send({ answers });

describe('proof of ownership', () => {
  it.each([
    ['small', 1000, 1],
    ['as large as all ranges', 512 * 1024, 1],
    ['larger', 512 * 1024 + 1, 8],
    ['large', 3_000_000, 8],
  ])('completes an upload of content that is %s without its bytes', async (_, size, ranges) => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(size) });
    const upload = await claimOf(file);
    expect(upload.proof?.ranges).toHaveLength(ranges);
    expect(new Date(upload.proof?.expiresAt ?? 0).getTime()).toBe(START + 60_000);
    const answer = await prove(upload, answersOf(upload, file.bytes)).expect(200);
    expect(answer.body).toMatchObject({ state: 'complete', file: { name: '我的.bin', sha256: file.sha256 } });
    const made = (answer.body as { file: { contentUrl: string } }).file;
    expect((await contentOf(ferry, claimant, made)).equals(file.bytes)).toBe(true);
    expect(await partsOf(ferry)).not.toContain(upload.id);
  });

  it('survives that the first owner deletes the file', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    const upload = await claimOf(file);
    const answer = await prove(upload, answersOf(upload, file.bytes)).expect(200);
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(owner.auth).expect(204);
    const made = (answer.body as { file: { contentUrl: string } }).file;
    expect((await contentOf(ferry, claimant, made)).equals(file.bytes)).toBe(true);
  });

  it('is asked for anew each time', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(3_000_000) });
    const [one, two] = [await claimOf(file), await claimOf(file)];
    expect(one.proof?.nonce).not.toBe(two.proof?.nonce);
    expect(one.proof?.ranges).not.toEqual(two.proof?.ranges);
    expectProblem(await prove(two, answersOf(one, file.bytes)), 403, 'forbidden');
  });

  it.each([
    ['other bytes', (upload: Challenged, bytes: Buffer) => answersOf(upload, Buffer.alloc(bytes.length))],
    ['too few', (upload: Challenged, bytes: Buffer) => answersOf(upload, bytes).slice(1)],
    ['too many', (upload: Challenged, bytes: Buffer) => [...answersOf(upload, bytes), 'a'.repeat(64)]],
    ['another order', (upload: Challenged, bytes: Buffer) => answersOf(upload, bytes).reverse()],
  ])('refuses %s, once and for all, and leaves the upload open', async (_, answers) => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(600_000) });
    const upload = await claimOf(file);
    const wrong = answers(upload, file.bytes);
    expectProblem(await prove(upload, wrong.length > 0 ? wrong : ['a'.repeat(64)]), 403, 'forbidden');
    expectProblem(await prove(upload, answersOf(upload, file.bytes)), 403, 'forbidden');
    await sendChunk(ferry, claimant, upload.id, 0, file.bytes).expect(200);
    await complete(ferry, claimant, upload.id).expect(201);
  });

  it.each([
    ['no answers', { answers: [] }],
    ['no hexadecimal', { answers: ['z'.repeat(64)] }],
    ['too many answers', { answers: Array.from({ length: 65 }, () => 'a'.repeat(64)) }],
    ['something else', { answers: { $ne: null } }],
  ])('refuses %s as invalid', async (_, body) => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    const upload = await claimOf(file);
    const answer = await request(ferry.url)
      .post(`${API}/uploads/${upload.id}/proof`)
      .set(claimant.auth)
      .send(body);
    expectProblem(answer, 400, 'invalid_request');
  });

  it('is nobody else’s to give', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    const upload = await claimOf(file);
    const third = await makeUser(ferry);
    expectProblem(await prove(upload, answersOf(upload, file.bytes), third), 404, 'not_found');
  });

  it('is not asked for where there is nothing, or something of another size', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    expect((await claim(sha256Of(randomBytes(10)), 1000)).proof).toBeUndefined();
    expect((await claim(file.sha256, 999)).proof).toBeUndefined();
    await request(ferry.url).delete(`${API}/files/${file.id}`).set(owner.auth).expect(204);
    expect((await claimOf(file)).proof).toBeUndefined();
  });

  it('is given one time only, also by two requests at once', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    const upload = await claimOf(file);
    const answers = answersOf(upload, file.bytes);
    const statuses = await Promise.all([1, 2].map(async () => (await prove(upload, answers)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  it('is not offered any more after ten wrong answers within an hour', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    const wrong = ['a'.repeat(64)];
    const early = await claimOf(file);
    for (let i = 0; i < 10; i += 1) expectProblem(await prove(await claimOf(file), wrong), 403, 'forbidden');
    expect((await claimOf(file)).proof).toBeUndefined();
    expectProblem(await prove(early, wrong), 429, 'rate_limited');
  });

  it('is not needed for content of one’s own', async () => {
    const file = await makeFile(ferry, owner, { bytes: randomBytes(1000) });
    await createUpload(ferry, owner, { name: 'a', size: 1000, sha256: file.sha256 }).expect(200);
  });
});

it('tells nothing of others’ content unless it is switched on', async () => {
  const closed = await startFerry({});
  try {
    const [one, two] = [await makeUser(closed), await makeUser(closed)];
    const file = await makeFile(closed, one, { bytes: randomBytes(1000) });
    const answer = await createUpload(closed, two, { name: 'a', size: 1000, sha256: file.sha256 }).expect(
      201,
    );
    expect(answer.body).not.toHaveProperty('proof');
  } finally {
    await closed.stop();
  }
});
