import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { until } from '../contract/until';
import { contentDigest, makeUser, sha256Of, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { checksumOf, TusClient } from '../support/tus';
import { contentOf, getUpload, listFiles } from '../support/uploads';
import { codedChunk, onWire, requestHead, Wire, type HeaderLines, type WireAnswer } from '../support/wire';

const MIB = 2 ** 20;

describe('uploads from start to end, over the wire', () => {
  const bytes = randomBytes(3 * MIB);
  const half = bytes.length / 2;
  let ferry: Ferry;
  let user: TestUser;
  let tus: TusClient;

  beforeAll(async () => {
    ferry = await startFerry();
  });

  beforeEach(async () => {
    user = await makeUser(ferry);
    tus = new TusClient(ferry, user);
  });

  afterAll(() => ferry.stop());

  function patchHead(address: string, offset: number, lines: HeaderLines): string {
    return requestHead('PATCH', address, [
      ['Authorization', user.auth.Authorization],
      ['Tus-Resumable', '1.0.0'],
      ['Content-Type', 'application/offset+octet-stream'],
      ['Upload-Offset', String(offset)],
      ...lines,
    ]);
  }

  /** Sends a body that ends too early, and waits until the server knows. */
  async function cut(head: (requestId: string) => string, sent: Uint8Array): Promise<void> {
    const requestId = `cut-${randomBytes(6).toString('hex')}`;
    const wire = await Wire.connect(ferry);
    await wire.send(head(requestId), sent);
    wire.socket.end();
    await until(() =>
      ferry.logged.some((line) => line['requestId'] === requestId && line['msg'] === 'request'),
    );
    const errors = ferry.logged.filter((line) => line['requestId'] === requestId && line['level'] === 50);
    expect(errors).toEqual([]);
    wire.destroy();
  }

  const offsetOf = async (address: string) => Number((await tus.head(address)).headers['upload-offset']);

  async function expectWhole(): Promise<void> {
    const [file, ...others] = await listFiles(ferry, user);
    expect(others).toEqual([]);
    expect(file!.sha256).toBe(sha256Of(bytes));
    expect((await contentOf(ferry, user, file!)).equals(bytes)).toBe(true);
  }

  it.each<[string, HeaderLines, (sent: Buffer) => Buffer]>([
    ['of a known length', [['Content-Length', String(bytes.length)]], (sent) => sent],
    ['by the chunked coding', [['Transfer-Encoding', 'chunked']], (sent) => codedChunk(sent)],
  ])('keeps what has come of a body %s that breaks off', async (_what, lines, coded) => {
    const address = await tus.open({ 'Upload-Length': String(bytes.length) });
    const sent = bytes.subarray(0, half);
    await cut((id) => patchHead(address, 0, [...lines, ['X-Request-Id', id]]), coded(sent));
    expect(await offsetOf(address)).toBe(half);
    await tus.patch(address, half, bytes.subarray(half)).expect(204);
    await expectWhole();
  });

  it('keeps nothing of a body with a checksum that breaks off', async () => {
    const address = await tus.open({ 'Upload-Length': String(bytes.length) });
    const lines: HeaderLines = [
      ['Content-Length', String(bytes.length)],
      ['Upload-Checksum', checksumOf(bytes, 'sha256')],
    ];
    await cut((id) => patchHead(address, 0, [...lines, ['X-Request-Id', id]]), bytes.subarray(0, half));
    expect(await offsetOf(address)).toBe(0);
    await tus.patch(address, 0, bytes, { 'Upload-Checksum': checksumOf(bytes, 'sha256') }).expect(204);
    await expectWhole();
  });

  it.each<[string, HeaderLines]>([
    ['without a checksum', []],
    ['with a checksum', [['Upload-Checksum', checksumOf(bytes)]]],
  ])('does not wait for an old request %s that stands still', async (_what, lines) => {
    const address = await tus.open({ 'Upload-Length': String(bytes.length) });
    const connected = once(ferry.server, 'connection') as Promise<[Socket]>;
    const old = await Wire.connect(ferry);
    const [socket] = await connected;
    const length: HeaderLines = [['Content-Length', String(bytes.length)]];
    await old.send(patchHead(address, 0, [...length, ...lines]), bytes.subarray(0, half));
    await until(() => socket.bytesRead > half);
    const offset = await offsetOf(address);
    expect(offset).toBeLessThanOrEqual(half);
    await tus.patch(address, offset, bytes.subarray(offset)).expect(204);
    await expectWhole();
    expect((await old.answer()).status).toBe(423);
    old.destroy();
  });

  it('keeps what has come of a body that stands still for too long', async () => {
    const impatient = await startFerry({ settings: { BODY_IDLE_SECONDS: '1' } });
    try {
      const owner = await makeUser(impatient);
      const client = new TusClient(impatient, owner);
      const address = await client.open({ 'Upload-Length': '1000' });
      const wire = await Wire.connect(impatient);
      const lines = tusLines(0).filter(([name]) => name !== 'Authorization');
      const authorization: HeaderLines = [['Authorization', owner.auth.Authorization]];
      const length: HeaderLines = [['Content-Length', '1000']];
      await wire.send(
        requestHead('PATCH', address, [...authorization, ...lines, ...length]),
        Buffer.alloc(600),
      );
      const answer = await wire.answer();
      expect(answer.status).toBe(408);
      expect(answer.headers['tus-resumable']).toBe('1.0.0');
      expect((await client.head(address)).headers['upload-offset']).toBe('600');
      wire.destroy();
    } finally {
      await impatient.stop();
    }
  });

  it('takes a whole body by the chunked coding, and refuses one that is too long', async () => {
    const address = await tus.open({ 'Upload-Length': String(bytes.length) });
    const send = (offset: number, body: Buffer): Promise<WireAnswer> =>
      chunked('PATCH', address, tusLines(offset), body);
    expect((await send(0, Buffer.concat([bytes, Buffer.from('x')]))).status).toBe(413);
    expect(await offsetOf(address)).toBe(0);
    expect((await send(0, bytes.subarray(0, MIB))).status).toBe(204);
    expect((await send(MIB, bytes.subarray(MIB))).headers['ferry-file-id']).toBeDefined();
    await expectWhole();
  });

  it('gives up what a creation that breaks off has made: its address is not known', async () => {
    const lines: HeaderLines = [
      ['Authorization', user.auth.Authorization],
      ['Tus-Resumable', '1.0.0'],
      ['Content-Type', 'application/offset+octet-stream'],
      ['Upload-Length', String(bytes.length)],
      ['Content-Length', String(bytes.length)],
    ];
    await cut(
      (id) => requestHead('POST', '/tus/', [...lines, ['X-Request-Id', id]]),
      bytes.subarray(0, half),
    );
    await until(async () => (await states()).every((state) => state === 'aborted'));
    expect(await states()).toEqual(['aborted']);
  });

  describe('by the draft', () => {
    const draft: HeaderLines = [
      ['Upload-Draft-Interop-Version', '6'],
      ['Upload-Complete', '?1'],
    ];
    const length: HeaderLines = [['Content-Length', String(bytes.length)]];
    const post = (lines: HeaderLines, version?: string): string =>
      requestHead('POST', '/upload-draft/', [['Authorization', user.auth.Authorization], ...lines], version);

    it('tells the address at once, so that what breaks off goes on', async () => {
      const wire = await Wire.connect(ferry);
      await wire.send(post([...draft, ...length]), bytes.subarray(0, half));
      await wire.begun();
      const text = wire.surplus.toString('latin1');
      expect(text).toMatch(/^HTTP\/1\.1 104 Upload Resumption Supported\r\n/);
      expect(text).toMatch(/\r\nUpload-Draft-Interop-Version: 6\r\n/);
      expect(text).toMatch(/\r\nUpload-Limit: max-size=\d+, expires=\d+\r\n/);
      const [, address = ''] = /\r\nLocation: (\S+)\r\n/.exec(text) ?? [];
      wire.socket.resetAndDestroy();
      const head = await onWire(ferry, 'HEAD', address, authorized());
      expect(head.status).toBe(204);
      expect(head.headers['upload-complete']).toBe('?0');
      const offset = Number(head.headers['upload-offset']);
      expect(offset).toBeLessThanOrEqual(half);
      const last = await onWire(
        ferry,
        'PATCH',
        address,
        [
          ...authorized(),
          ...draft,
          ['Content-Type', 'application/partial-upload'],
          ['Upload-Offset', String(offset)],
          ['Content-Length', String(bytes.length - offset)],
        ],
        bytes.subarray(offset),
      );
      expect(last.status).toBe(201);
      await expectWhole();
    });

    it('tells how many bytes are safe while more come', async () => {
      const long = randomBytes(20 * MIB);
      const wire = await Wire.connect(ferry);
      await wire.send(post([...draft, ['Content-Length', String(long.length)]]), long);
      const answer = await wire.answer();
      expect(answer.status).toBe(201);
      const [first, ...progress] = wire.informational;
      expect(first!.headers['location']).toBe(answer.headers['location']);
      expect(progress.length).toBeGreaterThan(0);
      for (const { status, headers } of progress) {
        expect(status).toBe(104);
        expect(headers['location']).toBeUndefined();
        expect(Number(headers['upload-offset'])).toBeGreaterThanOrEqual(8 * MIB);
      }
      wire.destroy();
    });

    it.each<[string, HeaderLines, string]>([
      ['does not know the draft', [], '1.1'],
      ['does not say its version', [['Upload-Complete', '?1']], '1.1'],
      [
        'speaks a version that is not spoken',
        [
          ['Upload-Complete', '?1'],
          ['Upload-Draft-Interop-Version', '4'],
        ],
        '1.1',
      ],
      ['has HTTP/1.0', draft, '1.0'],
    ])(
      'sends no 104 to a client that %s, and keeps nothing when it breaks off',
      async (_what, lines, version) => {
        const wire = await Wire.connect(ferry);
        await wire.send(post([...lines, ['Content-Length', '3']], version), 'abc');
        expect((await wire.answer()).status).toBe(201);
        expect(wire.informational).toEqual([]);
        wire.destroy();
        await cut(
          (id) => post([...lines, ...length, ['X-Request-Id', id]], version),
          bytes.subarray(0, half),
        );
        await until(async () => !(await states()).includes('open'));
        expect(await states()).toEqual(['aborted', 'complete']);
      },
    );

    it('keeps answers of one connection in their order', async () => {
      const wire = await Wire.connect(ferry);
      const one = post([...draft, ['Content-Length', '3']]);
      await wire.send(Buffer.concat([one, 'abc', one, 'def', one, 'ghi'].map((text) => Buffer.from(text))));
      const addresses = [];
      for (let i = 0; i < 3; i += 1) {
        const answer = await wire.answer();
        expect(answer.status).toBe(201);
        addresses.push(answer.headers['location']);
        expect(wire.informational.map(({ headers }) => headers['location'])).toEqual(addresses);
      }
      wire.destroy();
    });

    it('takes a body whose end alone tells its length, and refuses one that is shorter than was said', async () => {
      const chunkedPost = (lines: HeaderLines) =>
        chunked('POST', '/upload-draft/', [...authorized(), ...lines], bytes);
      const digest: HeaderLines = [['Content-Digest', contentDigest(bytes)]];
      expect((await chunkedPost([...draft, ...digest])).status).toBe(201);
      await expectWhole();
      const short = await chunkedPost([...draft, ['Upload-Length', String(bytes.length + 1)]]);
      expect(short.status).toBe(400);
      expect(JSON.parse(short.body.toString())).toMatchObject({
        type: 'https://iana.org/assignments/http-problem-types#inconsistent-upload-length',
      });
    });

    it('is ended by its cancellation while a request still sends', async () => {
      const wire = await Wire.connect(ferry);
      await wire.send(post([...draft, ...length]), bytes.subarray(0, half));
      await wire.begun();
      const [, address = ''] = /\r\nLocation: (\S+)\r\n/.exec(wire.surplus.toString('latin1')) ?? [];
      expect((await onWire(ferry, 'DELETE', address, authorized())).status).toBe(204);
      expect([409, 410]).toContain((await wire.answer()).status);
      wire.destroy();
      await getUpload(ferry, user, address.split('/').at(-1)!).expect(410);
    });
  });

  function authorized(): HeaderLines {
    return [['Authorization', user.auth.Authorization]];
  }

  function tusLines(offset: number): HeaderLines {
    return [
      ...authorized(),
      ['Tus-Resumable', '1.0.0'],
      ['Content-Type', 'application/offset+octet-stream'],
      ['Upload-Offset', String(offset)],
    ];
  }

  async function chunked(
    method: string,
    path: string,
    lines: HeaderLines,
    body: Buffer,
  ): Promise<WireAnswer> {
    const wire = await Wire.connect(ferry);
    const pieces = [];
    for (let at = 0; at < body.length; at += 700_000)
      pieces.push(codedChunk(body.subarray(at, at + 700_000)));
    const head = requestHead(method, path, [...lines, ['Transfer-Encoding', 'chunked']]);
    await wire.send(Buffer.concat([Buffer.from(head), ...pieces, codedChunk(Buffer.alloc(0))]));
    try {
      return await wire.answer();
    } finally {
      wire.destroy();
    }
  }

  /** Of the user's uploads, newest first. */
  async function states(): Promise<string[]> {
    const uploads = await ferry.services.uploads.list(user.id, { limit: 10, before: null });
    return uploads.map(({ upload }) => upload.state);
  }
});
