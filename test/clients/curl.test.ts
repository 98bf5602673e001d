import { stat } from 'node:fs/promises';
import { DownloadBench, sha256At, type Download } from '../support/download-bench';
import { run } from '../support/programs';

const MIB = 2 ** 20;
/** Exit codes of curl. */
const PARTIAL_FILE = 18;

describe('curl', () => {
  let bench: DownloadBench;
  let file: Download;

  beforeAll(async () => {
    bench = await DownloadBench.start();
    file = await bench.store(8);
  });

  afterAll(() => bench.stop());

  const ways: [string, () => Promise<{ path: string; options: string[] }>][] = [
    [
      'with a token',
      () =>
        Promise.resolve({
          path: file.path,
          options: ['-H', `Authorization: Bearer ${bench.user.accessToken}`],
        }),
    ],
    ['with a cookie', () => Promise.resolve({ path: file.path, options: ['-b', bench.cookie] })],
    ['by a link', async () => ({ path: (await bench.linkTo(file)).url, options: [] })],
  ];

  it.each(ways)('goes on after a cut, %s', async (way, open) => {
    const { path, options } = await open();
    const target = bench.at(way);
    const curl = (...more: string[]) =>
      run(
        'curl',
        ['-sS', '--fail', '-o', target, ...options, ...more, bench.network.url + path],
        bench.directory,
      );
    bench.network.cutOnceAfter(3 * MIB);
    expect((await curl()).code).toBe(PARTIAL_FILE);
    const { size } = await stat(target);
    expect(size).toBeGreaterThan(2 * MIB);
    bench.take(path);
    const written = await curl('-C', '-', '-w', '%{http_code} %{size_download}');
    expect([written.code, written.stdout]).toEqual([0, `206 ${file.size - size}`]);
    expect(bench.take(path).map(({ headers }) => headers.range)).toEqual([`bytes=${size}-`]);
    expect(await sha256At(target)).toBe(file.sha256);
  });

  it('takes a file that is complete for complete', async () => {
    const target = bench.at('complete');
    const args = ['-sS', '-o', target, '-b', bench.cookie, '-C', '-', bench.network.url + file.path];
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await run('curl', args, bench.directory)).toMatchObject({ code: 0 });
      expect(await sha256At(target)).toBe(file.sha256);
    }
    expect(bench.take(file.path).map(({ status }) => status)).toEqual([200, 416]);
  });
});
