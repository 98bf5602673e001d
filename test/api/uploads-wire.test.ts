import { randomBytes } from 'node:crypto';
import { until } from '../contract/until';
import {
  API,
  contentDigest,
  makeUpload,
  makeUser,
  type TestUpload,
  type TestUser,
} from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { chunkOf, chunkPath, getUpload, sendChunk, uploadPath } from '../support/uploads';
import { codedChunk, onWire, requestHead, Wire, type HeaderLines, type WireAnswer } from '../support/wire';

const MIB = 2 ** 20;
const BOUNDARY = 'a-boundary-that-is-in-no-chunk';

describe('chunks over the wire', () => {
  const bytes = randomBytes(3 * MIB);
  let ferry: Ferry;
  let user: TestUser;
  let upload: TestUpload;

  beforeAll(async () => {
    ferry = await startFerry();
    user = await makeUser(ferry);
  });

  beforeEach(async () => {
    upload = await makeUpload(ferry, user, { size: bytes.length, chunkSize: MIB });
  });

  afterAll(() => ferry.stop());

  it('come by the chunked transfer coding, too', async () => {
    const answer = await put(0, Buffer.concat([coded(chunk(0)), codedChunk(Buffer.alloc(0))]), [
      ['Transfer-Encoding', 'chunked'],
      ['Content-Digest', contentDigest(chunk(0))],
    ]);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ receivedBytes: MIB });
  });

  it('want a length', async () => {
    const answer = await put(0, Buffer.alloc(0), []);
    expect(problemOf(answer)).toEqual([411, 'length_required']);
  });

  it('that end too early by the chunked transfer coding stay missing', async () => {
    const body = Buffer.concat([codedChunk(chunk(0).subarray(1)), codedChunk(Buffer.alloc(0))]);
    const answer = await put(0, body, [['Transfer-Encoding', 'chunked']]);
    expect(problemOf(answer)).toEqual([400, 'invalid_request']);
    await expectNothing();
  });

  it.each<[string, string, string, (body: Buffer) => [HeaderLines, Buffer]]>([
    ['PUT', 'in the body', 'PUT', (body) => [[['Content-Length', String(MIB)]], body.subarray(0, MIB / 2)]],
    ['PUT', 'before the body', 'PUT', () => [[['Content-Length', String(MIB)]], Buffer.alloc(0)]],
    [
      'PUT',
      'one byte before the end',
      'PUT',
      (body) => [[['Content-Length', String(MIB)]], body.subarray(1)],
    ],
    [
      'PUT by the chunked coding',
      'before the last chunk',
      'PUT',
      (body) => [[['Transfer-Encoding', 'chunked']], codedChunk(body)],
    ],
    ['POST', 'in the file', 'POST', (body) => form(body, (whole) => whole.subarray(0, MIB / 2))],
    ['POST', 'in the head of the part', 'POST', (body) => form(body, (whole) => whole.subarray(0, 60))],
    [
      'POST',
      'in the last boundary',
      'POST',
      (body) => form(body, (whole) => whole.subarray(0, whole.length - 9)),
    ],
  ])('whose %s breaks off %s stay missing, and the next try works', async (_what, _where, method, cut) => {
    const [lines, sent] = cut(chunk(1));
    const wire = await Wire.connect(ferry);
    const requestId = `cut-${upload.id}`;
    await wire.send(
      requestHead(method, chunkPath(upload.id, 1), [...authorized(lines), ['X-Request-Id', requestId]]),
    );
    await wire.send(sent);
    // Reset rather than closed: the peer must not take it for the end.
    wire.socket.resetAndDestroy();
    await until(() => ferry.logged.some((line) => line['requestId'] === requestId && line['status'] === 499));
    await expectNothing();
    expect(
      ferry.logged.filter((line) => line['requestId'] === requestId && line['msg'] !== 'request'),
    ).toEqual([]);
    const again = await sendChunk(ferry, user, upload.id, 1, chunk(1)).expect(200);
    expect(again.body).toEqual({ index: 1, received: [[1, 1]], receivedBytes: MIB });
  });

  it('whose form ends before its last boundary stay missing', async () => {
    const [lines, sent] = form(chunk(0), (whole) => whole.subarray(0, whole.length - 30));
    const length: HeaderLines = lines.map(([name, value]) => [
      name,
      name === 'Content-Length' ? String(sent.length) : value,
    ]);
    const answer = await onWire(ferry, 'POST', chunkPath(upload.id, 0), authorized(length), sent);
    expect(problemOf(answer)).toEqual([400, 'invalid_request']);
    await expectNothing();
  });

  it('get their answer while the client is still sending too much', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(
      requestHead('PUT', chunkPath(upload.id, 0), authorized([['Transfer-Encoding', 'chunked']])),
    );
    const sending = sendUntilClosed(wire, () => codedChunk(randomBytes(MIB)), 20);
    expect(problemOf(await wire.answer())).toEqual([413, 'too_large']);
    await sending;
    await expectUseless(wire);
    await expectNothing();
  });

  it('get a 413 by their declared length before a byte is sent', async () => {
    const wire = await Wire.connect(ferry);
    await wire.send(
      requestHead('PUT', chunkPath(upload.id, 0), authorized([['Content-Length', String(20 * MIB)]])),
    );
    expect(problemOf(await wire.answer())).toEqual([413, 'too_large']);
    await sendUntilClosed(wire, () => randomBytes(MIB), 20);
    await expectUseless(wire);
  });

  it('get a 413 in the middle of a form', async () => {
    const wire = await Wire.connect(ferry);
    const [lines, start] = form(randomBytes(20 * MIB), (whole) => whole);
    await wire.send(requestHead('POST', chunkPath(upload.id, 0), authorized(lines)));
    let sent = 0;
    const piece = () => start.subarray(sent, (sent += MIB));
    const sending = sendUntilClosed(wire, piece, 20);
    expect(problemOf(await wire.answer())).toEqual([413, 'too_large']);
    await sending;
    await expectUseless(wire);
    await expectNothing();
  });

  it.each<[string, () => HeaderLines, number, string]>([
    ['no credentials', () => [], 401, 'unauthenticated'],
    ['a wrong token', () => [['Authorization', 'Bearer x.y.z']], 401, 'invalid_token'],
  ])('with %s get their answer in the middle of a large body', async (_what, credentials, status, code) => {
    const wire = await Wire.connect(ferry);
    const lines: HeaderLines = [...credentials(), ['Content-Length', String(40 * MIB)]];
    await wire.send(requestHead('PUT', chunkPath(upload.id, 0), lines));
    const sending = sendUntilClosed(wire, () => randomBytes(MIB), 40);
    expect(problemOf(await wire.answer())).toEqual([status, code]);
    await sending;
    await expectUseless(wire);
  });

  it('that are refused while small leave the connection usable', async () => {
    const wire = await Wire.connect(ferry);
    const small = await makeUpload(ferry, user, { size: 10, chunkSize: 5 });
    const target = chunkPath(small.id, 0);
    const length: HeaderLines = [['Content-Length', '5']];
    const wrong: HeaderLines = [...length, ['Content-Digest', contentDigest(Buffer.from('wrong'))]];
    const turns: [string, string, HeaderLines, string, number][] = [
      ['PUT', target, authorized(wrong), 'right', 422],
      ['PUT', target, length, 'right', 401],
      ['PUT', target, authorized([['Content-Length', '6']]), 'longer', 413],
      ['PUT', target, authorized([['Content-Length', '4']]), 'less', 400],
      ['PUT', target, authorized([...length, ['Content-Encoding', 'gzip']]), 'right', 415],
      ['PUT', chunkPath(small.id, 7), authorized(length), 'right', 404],
      ['PUT', `${uploadPath(small.id)}/nothing`, authorized(length), 'right', 404],
      ['PUT', `${API}/uploads`, authorized(length), 'right', 405],
      ['PUT', target, authorized(length), 'right', 200],
      ['PUT', target, authorized(length), 'other', 409],
      ['GET', uploadPath(small.id), authorized([]), '', 200],
    ];
    for (const [method, path, lines, body, status] of turns) {
      await wire.send(requestHead(method, path, lines), body);
      expect((await wire.answer()).status).toBe(status);
    }
    for (const body of [
      form(randomBytes(6), (whole) => whole),
      form(Buffer.from('other'), (whole) => whole),
    ]) {
      await wire.send(requestHead('POST', target, authorized(body[0])), body[1]);
      expect([413, 409]).toContain((await wire.answer()).status);
    }
    await wire.send(requestHead('GET', uploadPath(small.id), authorized([])));
    const last = await wire.answer();
    expect(JSON.parse(last.body.toString())).toMatchObject({ received: [[0, 0]], receivedBytes: 5 });
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
  });

  function chunk(index: number): Buffer {
    return chunkOf(upload, bytes, index);
  }

  function coded(body: Buffer): Buffer {
    const pieces = [0, 1, 100, 70_000, body.length];
    return Buffer.concat(pieces.slice(1).map((end, at) => codedChunk(body.subarray(pieces[at], end))));
  }

  function authorized(lines: HeaderLines): HeaderLines {
    return [['Authorization', user.auth.Authorization], ...lines];
  }

  function form(body: Buffer, cut: (whole: Buffer) => Buffer): [HeaderLines, Buffer] {
    const whole = Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="chunk"; filename="blob"\r\n`),
      Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
      body,
      Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
    ]);
    const lines: HeaderLines = [
      ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`],
      ['Content-Length', String(whole.length)],
    ];
    return [lines, cut(whole)];
  }

  function put(index: number, body: Buffer, lines: HeaderLines): Promise<WireAnswer> {
    return onWire(ferry, 'PUT', chunkPath(upload.id, index), authorized(lines), body);
  }

  async function expectNothing(): Promise<void> {
    await getUpload(ferry, user, upload.id).expect(200, upload);
  }
});

function problemOf({ status, body }: WireAnswer): [number, unknown] {
  return [status, (JSON.parse(body.toString()) as { code: unknown }).code];
}

/** Sends on, as a client does that does not look for an answer, until all is sent or the connection has ended. */
async function sendUntilClosed(wire: Wire, next: () => Buffer, times: number): Promise<void> {
  for (let i = 0; i < times && wire.socket.writable; i += 1) await wire.send(next());
}

/** The connection of a body that was not read to its end is of no more use, and the server has ended it. */
async function expectUseless(wire: Wire): Promise<void> {
  await wire.end();
  expect(wire.surplus).toHaveLength(0);
  wire.destroy();
}
