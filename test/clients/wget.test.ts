import { stat } from 'node:fs/promises';
import { DownloadBench, sha256At, type Download } from '../support/download-bench';
import { run } from '../support/programs';

const MIB = 2 ** 20;
/** Exit code of wget: the network failed. */
const NETWORK_FAILURE = 4;

describe('wget', () => {
  let bench: DownloadBench;
  let file: Download;

  beforeAll(async () => {
    bench = await DownloadBench.start();
    file = await bench.store(8);
  });

  afterAll(() => bench.stop());

  const wget = (target: string, path: string, ...options: string[]) =>
    run(
      'wget',
      ['-nv', '-O', target, '--waitretry=0', ...options, bench.network.url + path],
      bench.directory,
    );

  it.each<[string, () => Promise<{ path: string; options: string[] }>]>([
    [
      'with a token',
      () =>
        Promise.resolve({
          path: file.path,
          options: [`--header=Authorization: Bearer ${bench.user.accessToken}`],
        }),
    ],
    [
      'with a cookie',
      () => Promise.resolve({ path: file.path, options: [`--header=Cookie: ${bench.cookie}`] }),
    ],
    ['by a link', async () => ({ path: (await bench.linkTo(file)).url, options: [] })],
  ])('-c goes on after a cut, %s', async (way, open) => {
    const { path, options } = await open();
    const target = bench.at(way);
    bench.network.cutOnceAfter(3 * MIB);
    expect((await wget(target, path, '--tries=1', ...options)).code).toBe(NETWORK_FAILURE);
    const { size } = await stat(target);
    expect(size).toBeGreaterThan(2 * MIB);
    bench.take(path);
    expect(await wget(target, path, '-c', '--tries=1', ...options)).toMatchObject({ code: 0 });
    expect(bench.take(path).map(({ status, headers }) => [status, headers.range])).toEqual([
      [206, `bytes=${size}-`],
    ]);
    expect(await sha256At(target)).toBe(file.sha256);
  });

  it('goes on by itself', async () => {
    const target = bench.at('by itself');
    bench.network.cutOnceAfter(5 * MIB);
    const { code } = await wget(target, file.path, '--tries=2', `--header=Cookie: ${bench.cookie}`);
    expect(code).toBe(0);
    expect(bench.take(file.path).map(({ status }) => status)).toEqual([200, 206]);
    expect(await sha256At(target)).toBe(file.sha256);
  });
});
