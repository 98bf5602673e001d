import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { contentOf, listFiles } from '../support/uploads';
import { MiniProgram } from '../support/wechat/mini-program';

const CHUNK = 32 * 1024;

/** miniprogram-file-uploader as far as it is used here. */
interface Uploader {
  on(event: 'success' | 'fail', listener: (result: { errCode: number; url?: string }) => void): void;
  upload(): Promise<void>;
}

let ferry: Ferry;
let user: TestUser;
let ticket: string;

beforeAll(async () => {
  ferry = await startFerry();
});

beforeEach(async () => {
  user = await makeUser(ferry);
  const answer = await request(ferry.url).post(`${API}/uploads/tickets`).set(user.auth).expect(201);
  ticket = (answer.body as { ticket: string }).ticket;
});

afterAll(() => ferry.stop());

/** Starts the mini-program anew and uploads the file, as the package's own documentation has it. */
async function run(app: MiniProgram, fileName: string, bytes: Buffer, options: object = {}) {
  const Uploader = app.load(require.resolve('miniprogram-file-uploader')) as new (
    options: object,
  ) => Uploader;
  const door = `${ferry.url}/compat/wechat`;
  const uploader = new Uploader({
    tempFilePath: 'wxfile://tmp',
    totalSize: bytes.length,
    fileName,
    verifyUrl: `${door}/verify?ticket=${ticket}`,
    uploadUrl: `${door}/upload`,
    mergeUrl: `${door}/merge?ticket=${ticket}`,
    query: { ticket },
    chunkSize: CHUNK,
    testChunks: true,
    ...options,
  });
  return new Promise<{ errCode: number; url?: string }>((resolve) => {
    uploader.on('success', resolve);
    uploader.on('fail', resolve);
    void uploader.upload();
  });
}

const chunksOf = (app: MiniProgram): number[] =>
  app.requests
    .map((url) => new URL(url))
    .filter(({ pathname }) => pathname.endsWith('/upload'))
    .map(({ searchParams }) => Number(searchParams.get('index')))
    .sort((a, b) => a - b);

describe('miniprogram-file-uploader, unmodified', () => {
  const appWith = (bytes: Buffer, isOnline?: (url: URL) => boolean): MiniProgram =>
    new MiniProgram({ files: { 'wxfile://tmp': bytes }, ...(isOnline && { isOnline }) });

  it.each([
    ['with chunks that it asks for first', true],
    ['without asking', false],
  ])('uploads a file with a Chinese name %s', async (_how, testChunks) => {
    const bytes = randomBytes(5 * CHUNK + 1234);
    const app = appWith(bytes);
    const result = await run(app, '会议 录像.mp4', bytes, { testChunks });
    expect(result).toMatchObject({ errCode: 0 });
    expect(chunksOf(app)).toEqual([0, 1, 2, 3, 4, 5]);
    const [file, ...others] = await listFiles(ferry, user);
    expect(others).toEqual([]);
    expect(file).toMatchObject({ name: '会议 录像.mp4', size: bytes.length, contentUrl: result.url });
    expect(await contentOf(ferry, user, file!)).toEqual(bytes);
  });

  it('goes on in a new start of the app where the network broke off', async () => {
    const bytes = randomBytes(8 * CHUNK + 1);
    const first = appWith(bytes, (url) => Number(url.searchParams.get('index') ?? 0) < 4);
    expect((await run(first, '片.mp4', bytes, { maxConcurrency: 1 })).errCode).not.toBe(0);
    expect(chunksOf(first)).toEqual([0, 1, 2, 3]);
    const second = appWith(bytes);
    expect(await run(second, '片.mp4', bytes)).toMatchObject({ errCode: 0 });
    expect(chunksOf(second)).toEqual([4, 5, 6, 7, 8]);
    const [file] = await listFiles(ferry, user);
    expect(await contentOf(ferry, user, file!)).toEqual(bytes);
  });

  it('merges in a new start of the app what was sent and not merged', async () => {
    const bytes = randomBytes(2 * CHUNK);
    const first = appWith(bytes, (url) => !url.pathname.endsWith('/merge'));
    expect((await run(first, 'a.bin', bytes)).errCode).toBe(20003);
    const second = appWith(bytes);
    expect(await run(second, 'a.bin', bytes)).toMatchObject({ errCode: 0 });
    expect(chunksOf(second)).toEqual([]);
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });

  it('does not send the same file again', async () => {
    const bytes = randomBytes(2 * CHUNK);
    const { url } = await run(appWith(bytes), 'a.bin', bytes);
    const again = appWith(bytes);
    expect(await run(again, 'a.bin', bytes)).toMatchObject({ errCode: 0, url });
    expect(chunksOf(again)).toEqual([]);
    expect(await listFiles(ferry, user)).toHaveLength(1);
  });
});
