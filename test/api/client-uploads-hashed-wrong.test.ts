import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { fileIn, hashedChunk, hashedClient, md5Of } from '../support/client-uploads';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { abort, partsOf } from '../support/uploads';

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { MAX_FILE_BYTES: '64KiB', CHUNK_BYTES: '1KiB', MAX_CHUNK_BYTES: '4KiB' },
  });
});

beforeEach(async () => {
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const { verified, sendChunk, merge, openUploads } = hashedClient(() => ({ ferry, user }));

describe('verify, chunk and merge', () => {
  it('name the file as the merge does', async () => {
    const bytes = randomBytes(10);
    await sendChunk(md5Of(bytes), 0, bytes, 'blob').expect(200);
    expect(fileIn(await merge(md5Of(bytes), { filename: '../../等/a.txt' }).expect(200))).toMatchObject({
      name: 'a.txt',
    });
  });

  it.each([
    ['a path', '../../../etc/passwd'],
    ['a long one', 'x'.repeat(256)],
    ['quotes and brackets', `"'<>{}[]`],
    ['Chinese', '哈希'],
    ['hyphens and digits', 'a-1-2'],
  ])('take %s for a hash', async (_what, hash) => {
    await sendChunk(hash, 0, randomBytes(10)).expect(200);
    expect((await verified(hash)).uploadedList).toEqual([`${hash}-0`]);
    await merge(hash).expect(200);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each<[string, Record<string, string | string[]>, string]>([
    ['no hash', { hash: [] }, 'hash'],
    ['the hash of another file', { hash: 'other-0' }, 'hash'],
    ['no number', { hash: 'h-' }, 'hash'],
    ['NaN', { hash: 'h-NaN' }, 'hash'],
    ['a negative number', { hash: 'h--1' }, 'hash'],
    ['an exponent', { hash: 'h-1e9' }, 'hash'],
    ['a huge number', { hash: 'h-100000' }, 'hash'],
    ['a number with a leading zero', { hash: 'h-01' }, 'hash'],
    ['no name', { filename: '' }, 'filename'],
    ['two names', { filename: ['a', 'b'] }, 'filename'],
    ['no fileHash', { fileHash: [] }, 'fileHash'],
    ['__proto__', { ['__proto__']: 'x' }, '__proto__'],
  ])('refuse a chunk with %s, naming the field', async (_what, wrong, path) => {
    const fields: Record<string, string | string[]> = { hash: 'h-0', filename: 'a', fileHash: 'h' };
    let post = request(ferry.url)
      .post('/compat/chunk')
      .set(user.auth)
      .attach('chunk', Buffer.from('x'), 'blob');
    for (const name of new Set([...Object.keys(fields), ...Object.getOwnPropertyNames(wrong)])) {
      const value = Object.hasOwn(wrong, name) ? wrong[name]! : fields[name]!;
      for (const one of [value].flat()) post = post.field(name, one);
    }
    const answer = await post.expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each([
    ['/compat/verify', { filename: 'a' }, 'fileHash'],
    ['/compat/verify', { fileHash: 'a', filename: { $ne: null } }, 'filename'],
    ['/compat/merge', { fileHash: 'a', filename: 'a' }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: -1 }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: 1e99 }, 'size'],
    ['/compat/merge', { fileHash: 'a', filename: 'a', size: '1000' }, 'size'],
  ])('%s refuses %j, naming %s', async (path, body, field) => {
    const answer = await request(ferry.url).post(path).set(user.auth).send(body).expect(400);
    expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(
      field,
    );
  });

  it('refuse a chunk that is too long, and one that would make the file too long', async () => {
    expect((await sendChunk('h', 0, randomBytes(4097)).expect(413)).body).toMatchObject({
      code: 'too_large',
    });
    await sendChunk('h', 0, randomBytes(4096)).expect(200);
    expect((await sendChunk('h', 16, randomBytes(1)).expect(413)).body).toMatchObject({ code: 'too_large' });
    expect((await sendChunk('h', 15, randomBytes(4096)).expect(200)).body).toEqual({ hash: 'h-15' });
    expect((await sendChunk('late', 99_999, randomBytes(10)).expect(200)).body).toEqual({
      hash: 'late-99999',
    });
    expect((await sendChunk('late', 0, randomBytes(10)).expect(413)).body).toMatchObject({
      code: 'too_large',
    });
    expect((await verified('late')).uploadedList).toEqual(['late-99999']);
    for (const { id } of await openUploads()) await abort(ferry, user, id).expect(204);
  });

  it('need a signed-in user', async () => {
    for (const path of ['verify', 'chunk', 'merge'])
      await request(ferry.url).post(`/compat/${path}`).send({}).expect(401);
  });

  it('obey the quota, counting what comes', async () => {
    const limited = await startFerry({ settings: { USER_QUOTA_BYTES: '2500' } });
    const unlimited = ferry;
    ferry = limited;
    try {
      user = await makeUser(limited);
      const bytes = randomBytes(4000);
      await sendChunk('h', 3, hashedChunk(bytes, 3)).expect(200);
      await sendChunk('g', 1, hashedChunk(bytes, 1)).expect(200);
      expect((await sendChunk('g', 2, hashedChunk(bytes, 2)).expect(413)).body).toMatchObject({
        code: 'quota_exceeded',
      });
      expect((await verified('g')).uploadedList).toEqual(['g-1']);
      expect((await partsOf(limited)).length).toBe(2);
    } finally {
      ferry = unlimited;
      await limited.stop();
    }
  });

  it('ask for everything again where instant upload is off, and compare', async () => {
    const strict = await startFerry({ settings: { INSTANT_UPLOAD: 'off' } });
    const usual = ferry;
    ferry = strict;
    try {
      user = await makeUser(strict);
      const bytes = randomBytes(10);
      await sendChunk('h', 0, bytes).expect(200);
      const file = fileIn(await merge('h').expect(200));
      expect(await verified('h')).toEqual({ shouldUpload: true, uploadedList: [] });
      await sendChunk('h', 0, bytes).expect(200);
      expect(fileIn(await merge('h').expect(200))).toEqual(file);
    } finally {
      ferry = usual;
      await strict.stop();
    }
  });
});
