import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { follow, linksOf, listed, makeLink, type TestLink } from '../support/links';
import { Wire, requestHead } from '../support/wire';

const HOUR_MS = 60 * 60 * 1000;

let ferry: Ferry;
let user: TestUser;
let file: TestFile;
let later = 0;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { ACCESS_TOKEN_SECONDS: String(24 * 60 * 60) },
    now: () => new Date(Date.now() + later),
  });
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  later = 0;
  file = await makeFile(ferry, user, { name: 'a.txt', type: 'text/plain' });
});

const linkTo = (input: object = {}) => makeLink(ferry, user, file, input);
const get = ({ url }: TestLink, headers: Record<string, string> = {}, method = 'GET') =>
  follow(ferry, url, headers, method);
const counted = async (link: TestLink) => (await listed(ferry, user, file, link))?.downloads;
const range = (value: string) => ({ Range: `bytes=${value}` });

describe('downloads of a link', () => {
  it('are counted for each request for the whole', async () => {
    const link = await linkTo({ maxDownloads: 2 });
    for (const status of [200, 200, 410, 410]) expect((await get(link)).status).toBe(status);
    expect(await counted(link)).toBe(2);
    expect((await get(link, { 'User-Agent': 'two' }, 'HEAD')).status).toBe(410);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['HEAD', 'HEAD', {}, 200],
    ['HEAD with a range', 'HEAD', range('0-4'), 200],
    ['304', 'GET', { 'If-None-Match': '*' }, 304],
    ['412', 'GET', { 'If-Match': '"x"' }, 412],
    ['416', 'GET', range('1000-'), 416],
  ])('do not begin with %s', async (_, method, headers, status) => {
    const link = await linkTo({ maxDownloads: 1 });
    for (let count = 0; count < 3; count += 1) expect((await get(link, headers, method)).status).toBe(status);
    expect(await counted(link)).toBe(0);
    expect((await get(link)).status).toBe(200);
  });

  it('in many pieces are one, as players that seek and ask for the beginning twice make them', async () => {
    const link = await linkTo({ maxDownloads: 1 });
    for (const value of ['0-1', '0-', '900-', '100-199', '0-0,-1', '0-999'])
      expect([value, (await get(link, range(value))).status]).toEqual([value, 206]);
    expect(await counted(link)).toBe(1);
    expect((await get(link, { ...range('5-9'), 'User-Agent': 'two' })).status).toBe(410);
    expect((await get(link)).status).toBe(410);
  });

  it('go on where they broke off, also when the link is used up', async () => {
    const link = await linkTo({ maxDownloads: 1 });
    expect((await get(link)).status).toBe(200);
    const rest = await get(link, { ...range('600-'), 'If-Range': `"${file.sha256}"` });
    expect([rest.status, rest.body]).toEqual([206, file.bytes.subarray(600)]);
    expect((await get(link, {}, 'HEAD')).status).toBe(200);
    expect(await counted(link)).toBe(1);
  });

  it('by eight connections at once are one, whichever comes first', async () => {
    file = await makeFile(ferry, user, { bytes: randomBytes(800_000) });
    const link = await linkTo({ maxDownloads: 1 });
    const pieces = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const wire = await Wire.connect(ferry);
        const wanted = `bytes=${index * 100_000}-${index * 100_000 + 99_999}`;
        await wire.send(
          requestHead('GET', link.url, [
            ['User-Agent', 'aria2'],
            ['Range', wanted],
          ]),
        );
        const answer = await wire.answer();
        wire.destroy();
        return answer;
      }),
    );
    expect(pieces.map(({ status }) => status)).toEqual(Array(8).fill(206));
    expect(Buffer.concat(pieces.map(({ body }) => body)).equals(file.bytes)).toBe(true);
    expect(await counted(link)).toBe(1);
  });

  it('by ranges of which none knew of another one when it was asked for are one', async () => {
    const { links } = ferry.services;
    const { url } = await linkTo({ maxDownloads: 1 });
    const client = { address: '192.0.2.1', userAgent: 'one' };
    const opened = await links.open(url.slice(3), client);
    await opened!.content.reader.close();
    let asked = 0;
    let allAsked: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (allAsked = resolve));
    const ask = jest.spyOn(ferry.stores.sql.links, 'hasOpenDownload').mockImplementation(async () => {
      asked += 1;
      if (asked === 8) allAsked();
      await all;
      return false;
    });
    try {
      const ranges = Array.from({ length: 8 }, () => opened!.begin({ whole: false }));
      await Promise.all(ranges);
    } finally {
      ask.mockRestore();
    }
  });

  it('that many clients begin at once are no more than the link allows', async () => {
    const link = await linkTo({ maxDownloads: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        get(link, { 'User-Agent': `client ${index}`, ...(index % 2 === 0 && range('0-4')) }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status < 300)).toHaveLength(3);
    expect(statuses.filter((status) => status === 410)).toHaveLength(9);
    expect(await counted(link)).toBe(3);
  });

  it('end after six hours: what the client asks for then is another one', async () => {
    const link = await linkTo({ expiresIn: 24 * 60 * 60, maxDownloads: 2 });
    const statusAfter = async (ms: number) => {
      later = ms;
      return (await get(link, range('5-9'))).status;
    };
    expect(await statusAfter(0)).toBe(206);
    expect(await statusAfter(5 * HOUR_MS)).toBe(206);
    expect(await counted(link)).toBe(1);
    expect(await statusAfter(7 * HOUR_MS)).toBe(206);
    expect(await counted(link)).toBe(2);
    expect(await statusAfter(12 * HOUR_MS)).toBe(206);
    expect(await statusAfter(14 * HOUR_MS)).toBe(410);
  });

  it('of an empty file are counted too', async () => {
    file = await makeFile(ferry, user, { bytes: Buffer.alloc(0) });
    const link = await linkTo({ maxDownloads: 1 });
    expect((await get(link)).status).toBe(200);
    expect((await get(link)).status).toBe(410);
  });

  it('run to their end when the link ends meanwhile', async () => {
    file = await makeFile(ferry, user, { bytes: randomBytes(8 * 1024 * 1024) });
    const link = await linkTo();
    const wire = await Wire.connect(ferry);
    wire.socket.pause();
    await wire.send(requestHead('GET', link.url));
    while ((await counted(link)) === 0) await new Promise((resolve) => setImmediate(resolve));
    await request(ferry.url)
      .delete(`${linksOf(file)}/${link.id}`)
      .set(user.auth)
      .expect(204);
    later = 61_000;
    wire.socket.resume();
    const answer = await wire.answer();
    expect([answer.status, answer.body.equals(file.bytes)]).toEqual([200, true]);
    wire.destroy();
  });
});
