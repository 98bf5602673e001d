import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { until } from '../contract/until';
import { API, makeUser, sha256Of, type TestUser } from '../support/factories';
import { withBlobs } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles, partsOf, type ShownFile } from '../support/uploads';
import { onWire, requestHead, Wire, type HeaderLines } from '../support/wire';
import { OutOfSpace } from '../../src/errors';
import { SyncFailed } from '../../src/models/blobs';

const MIB = 2 ** 20;
const BOUNDARY = 'a-boundary-of-forms';

interface Part {
  head: string;
  body: string | Buffer;
}

const field = (name: string, value: string): Part => ({
  head: `Content-Disposition: form-data; name="${name}"`,
  body: value,
});

const filePart = (body: string | Buffer, filename = 'a.txt', name = 'file', type = 'text/plain'): Part => ({
  head: `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}`,
  body,
});

function formOf(parts: Part[]): Buffer {
  const pieces = parts.flatMap(({ head, body }) => [`--${BOUNDARY}\r\n${head}\r\n\r\n`, body, '\r\n']);
  return Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece as string)));
}

describe('POST /files', () => {
  let ferry: Ferry;
  let user: TestUser;
  let failing: Error | undefined;

  beforeAll(async () => {
    ferry = await startFerry({
      settings: { MAX_FORM_FILE_BYTES: '1MiB' },
      wrapStores: withBlobs((blobs) => ({
        writePart: async (id, start, source) => {
          const count = await blobs.writePart(id, start, source);
          if (failing) throw failing;
          return count;
        },
      })),
    });
  });

  beforeEach(async () => {
    failing = undefined;
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  function linesFor(length: number): HeaderLines {
    return [
      ['Authorization', user.auth.Authorization],
      ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`],
      ['Content-Length', String(length)],
    ];
  }

  async function send(
    parts: Part[],
  ): Promise<{ status: number; headers: Record<string, string>; json: unknown }> {
    const body = formOf(parts);
    const answer = await onWire(ferry, 'POST', `${API}/files`, linesFor(body.length), body);
    return { ...answer, json: JSON.parse(answer.body.toString()) as unknown };
  }

  /** Nothing was made, and nothing is left over. */
  async function expectNothing(): Promise<void> {
    expect(await listFiles(ferry, user)).toEqual([]);
    await until(async () => (await partsOf(ferry)).length === 0);
  }

  it('makes a file', async () => {
    const bytes = randomBytes(MIB);
    const { status, headers, json } = await send([filePart(bytes, '照片.jpg', 'file', 'image/jpeg')]);
    const { file } = json as { file: ShownFile };
    expect([status, headers['location']]).toEqual([201, `${API}/files/${file.id}`]);
    expect(file).toMatchObject({
      name: '照片.jpg',
      type: 'image/jpeg',
      size: MIB,
      sha256: sha256Of(bytes),
      visibility: 'private',
    });
    expect((await contentOf(ferry, user, file)).equals(bytes)).toBe(true);
    expect(await listFiles(ferry, user)).toEqual([file]);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it.each<[string, Part[]]>([
    ['before', [field('visibility', 'public'), filePart('text')]],
    ['after', [filePart('text'), field('visibility', 'public')]],
  ])('takes fields that come %s the file', async (_where, parts) => {
    expect(await send(parts)).toMatchObject({
      status: 201,
      json: { file: { visibility: 'public', size: 4 } },
    });
  });

  it('takes a file without a byte', async () => {
    const { status, json } = await send([filePart('', 'empty.txt')]);
    expect(status).toBe(201);
    const { file } = json as { file: ShownFile };
    expect(file).toMatchObject({ size: 0, name: 'empty.txt' });
    expect(await contentOf(ferry, user, file)).toHaveLength(0);
  });

  it.each<[string, string, string]>([
    ['UTF-8', '报告 最终版.docx', '报告 最终版.docx'],
    ['an emoji', '😀.zip', '😀.zip'],
    ['a way up', '../../etc/passwd', 'passwd'],
    ['a path of Windows', 'C:\\\\x\\\\y.txt', 'y.txt'],
    ['what browsers make of a quote', 'a%22b.txt', 'a"b.txt'],
    ['a percent sign', '50%.pdf', '50%.pdf'],
    ['what browsers make of CR LF', 'a%0D%0Ab.txt', 'ab.txt'],
    ['a change of direction', 'gpj.\u202eexe', 'gpj.exe'],
    ['300 characters', `${'名'.repeat(300)}.txt`, `${'名'.repeat(83)}.txt`],
    ['only dots', '..', 'file'],
  ])('has the name right that is %s', async (_what, sent, kept) => {
    expect(await send([filePart('x', sent)])).toMatchObject({ status: 201, json: { file: { name: kept } } });
  });

  it('has the name right that is given in both ways (RFC 8187)', async () => {
    const head = `Content-Disposition: form-data; name="file"; filename*=UTF-8''%E4%B8%AD.txt\r\nContent-Type: text/plain`;
    expect(await send([{ head, body: 'x' }])).toMatchObject({
      status: 201,
      json: { file: { name: '中.txt' } },
    });
  });

  it('keeps bytes that look like the end of the form', async () => {
    const body = Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\n\r\n--${BOUNDARY.slice(0, 5)}--\r\n`);
    const { json } = await send([filePart(body)]);
    expect(await contentOf(ferry, user, (json as { file: ShownFile }).file)).toEqual(body);
  });

  it.each<[string, Part[]]>([
    ['nothing', []],
    ['no file', [field('visibility', 'public')]],
    ['the file in another field', [filePart('x', 'a.txt', 'chunk')]],
    ['the file as text', [field('file', 'x')]],
    ['a file without a name', [filePart('x', '')]],
    ['two files', [filePart('x'), filePart('y')]],
    ['a second file elsewhere', [filePart('x'), filePart('y', 'b.txt', 'other')]],
    ['an unknown field', [filePart('x'), field('ownerId', 'me')]],
    ['a field that poisons prototypes', [filePart('x'), field('__proto__[role]', 'admin')]],
    ['a wrong visibility', [filePart('x'), field('visibility', 'everybody')]],
    ['the visibility twice', [field('visibility', 'public'), filePart('x'), field('visibility', 'private')]],
  ])('refuses %s', async (_what, parts) => {
    expect(await send(parts)).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    await expectNothing();
  });

  it.each<[string, Part[]]>([
    ['a field of 65 KiB', [filePart('x'), field('visibility', 'x'.repeat(65 * 1024))]],
    ['twenty fields', [filePart('x'), ...Array.from({ length: 20 }, (_, i) => field(`f${i}`, ''))]],
  ])('refuses %s', async (_what, parts) => {
    const { status } = await send(parts);
    expect([400, 413]).toContain(status);
    await expectNothing();
  });

  it('refuses what is not a form', async () => {
    const post = () => request(ferry.url).post(`${API}/files`).set(user.auth);
    expect((await post().type('application/octet-stream').send('x').expect(415)).body).toMatchObject({
      code: 'unsupported_media_type',
    });
    await post().send({ name: 'x' }).expect(415);
    await post().expect(415);
    await post().set('Content-Type', 'multipart/form-data').send('x').expect(400);
    await post().set('Content-Type', 'multipart/mixed; boundary=x').send('x').expect(415);
    await post().set('Content-Encoding', 'gzip').attach('file', Buffer.from('x'), 'a').expect(415);
    await request(ferry.url).post(`${API}/files`).attach('file', Buffer.from('x'), 'a').expect(401);
    await expectNothing();
  });

  it('refuses a form that ends too early', async () => {
    const whole = formOf([filePart('some text')]);
    for (const length of [10, 60, whole.length - 40, whole.length - 5]) {
      const answer = await onWire(ferry, 'POST', `${API}/files`, linesFor(length), whole.subarray(0, length));
      expect([length, answer.status]).toEqual([length, 400]);
    }
    await expectNothing();
  });

  it('takes a file of the largest size, and not one byte more', async () => {
    expect(await send([filePart(Buffer.alloc(MIB))])).toMatchObject({ status: 201 });
    const refused = await send([filePart(Buffer.alloc(MIB + 1))]);
    expect(refused).toMatchObject({ status: 413, json: { code: 'too_large' } });
    expect(await listFiles(ferry, user)).toHaveLength(1);
    expect(await partsOf(ferry)).toEqual([]);
  });

  it('answers 413 while the client is still sending', async () => {
    const body = formOf([filePart(Buffer.alloc(30 * MIB))]);
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('POST', `${API}/files`, linesFor(body.length)), body.subarray(0, 2 * MIB));
    const answer = await wire.answer();
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      413,
      expect.objectContaining({ code: 'too_large' }),
    ]);
    await expectNothing();
    wire.destroy();
  });

  it.each([0.1, 0.5, 0.999_99])(
    'leaves nothing of a form that broke off after %d of it',
    async (fraction) => {
      const body = formOf([field('visibility', 'public'), filePart(randomBytes(MIB))]);
      const wire = await Wire.connect(ferry);
      const lines: HeaderLines = [...linesFor(body.length), ['X-Request-Id', `cut-${user.id}`]];
      await wire.send(
        requestHead('POST', `${API}/files`, lines),
        body.subarray(0, Math.floor(body.length * fraction)),
      );
      await until(async () => (await partsOf(ferry)).length > 0);
      wire.socket.resetAndDestroy();
      await until(() =>
        ferry.logged.some(({ requestId, status }) => requestId === `cut-${user.id}` && status === 499),
      );
      await expectNothing();
      expect(ferry.logged.filter(({ level }) => level === 50)).toEqual([]);
    },
  );

  it.each<[string, () => Error, number]>([
    ['is full', () => new OutOfSpace('The storage has no room for these bytes.'), 507],
    ['cannot sync', () => new SyncFailed(new Error('EIO')), 500],
    ['is broken', () => new Error('EIO /secret/place'), 500],
  ])('leaves nothing when the disk %s', async (_what, error, status) => {
    failing = error();
    const answer = await send([filePart('x')]);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.json)).not.toMatch(/EIO|secret/);
    failing = undefined;
    await expectNothing();
    ferry.logged.length = 0;
  });

  it('keeps the connection after a small form that was refused', async () => {
    const wire = await Wire.connect(ferry);
    const wrong = formOf([filePart('x', 'a.txt', 'wrong')]);
    const right = formOf([filePart('x')]);
    for (const [body, status] of [
      [wrong, 400],
      [right, 201],
      [wrong, 400],
      [right, 201],
    ] as const) {
      await wire.send(requestHead('POST', `${API}/files`, linesFor(body.length)), body);
      expect((await wire.answer()).status).toBe(status);
    }
    wire.destroy();
  });

  it('makes one content of equal files that come at once', async () => {
    const body = randomBytes(1000);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send([filePart(body)])));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(await ferry.stores.sql.blobs.find(sha256Of(body))).toMatchObject({ references: 6 });
    expect(await partsOf(ferry)).toEqual([]);
  });
});

describe('POST /files with a quota', () => {
  it('refuses what is above it and leaves nothing', async () => {
    const ferry = await startFerry({ settings: { USER_QUOTA_BYTES: '100' } });
    try {
      const user = await makeUser(ferry);
      const post = (size: number) =>
        request(ferry.url).post(`${API}/files`).set(user.auth).attach('file', Buffer.alloc(size, 'q'), 'q');
      await post(60).expect(201);
      expect((await post(41).expect(413)).body).toMatchObject({ code: 'quota_exceeded' });
      expect(await partsOf(ferry)).toEqual([]);
      expect(await ferry.stores.blobs.hasBlob(sha256Of(Buffer.alloc(41, 'q')))).toBe(false);
      const answers = await Promise.all([post(30), post(30), post(30)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 413, 413]);
      expect(await listFiles(ferry, user)).toHaveLength(2);
    } finally {
      await ferry.stop();
    }
  });
});

describe('POST /files on a disk that is nearly full', () => {
  it('is refused before its bytes are taken: 507', async () => {
    let taken = 0;
    const ferry = await startFerry({
      settings: { FREE_SPACE_BYTES: '1000' },
      wrapStores: withBlobs((blobs) => ({
        freeBytes: () => Promise.resolve(3000),
        createPart: (id, size) => {
          taken += 1;
          return blobs.createPart(id, size);
        },
      })),
    });
    try {
      const user = await makeUser(ferry);
      const post = (size: number) =>
        request(ferry.url).post(`${API}/files`).set(user.auth).attach('file', randomBytes(size), 'a.bin');
      const answer = await post(2500).expect(507);
      expect(answer.body).toMatchObject({ code: 'out_of_space' });
      expect(taken).toBe(0);
      await post(500).expect(201);
    } finally {
      await ferry.stop();
    }
  });
});
