import { DownloadBench, sha256At, type Download } from '../support/download-bench';
import { listed } from '../support/links';
import { run, type Outcome } from '../support/programs';

const MIB = 2 ** 20;
/** Exit code of aria2c: the checksum is another one. */
const CHECKSUM_ERROR = 32;

describe('aria2c -x8', () => {
  let bench: DownloadBench;
  let file: Download;

  beforeAll(async () => {
    bench = await DownloadBench.start();
    file = await bench.store(32);
  });

  afterAll(() => bench.stop());

  /** It is slowed down, so that no connection takes the work of the others before they begin. */
  function aria2c(name: string, path: string, ...options: string[]): Promise<Outcome> {
    const pieces = ['-x8', '-s8', '-k1M', '--max-download-limit=16M', '--file-allocation=none'];
    const retries = ['-m5', '--retry-wait=0'];
    const place = ['-d', bench.directory, '-o', name, bench.network.url + path];
    const calm = ['--no-conf', '--summary-interval=0', '--console-log-level=notice'];
    return run('aria2c', [...pieces, ...retries, ...calm, ...options, ...place], bench.directory);
  }

  it.each<[string, () => string]>([
    ['with a token', () => `Authorization: Bearer ${bench.user.accessToken}`],
    ['with a cookie', () => `Cookie: ${bench.cookie}`],
  ])('gets a file in pieces and checks the digest that comes along, %s', async (way, header) => {
    const { code, stdout } = await aria2c(way, file.path, `--header=${header()}`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Verification finished successfully')]);
    expect(await sha256At(bench.at(way))).toBe(file.sha256);
    const seen = bench.take(file.path);
    expect(new Set(seen.map(({ headers }) => headers.range)).size).toBeGreaterThanOrEqual(8);
    for (const { headers } of seen) expect(headers['want-digest']).toMatch(/SHA-256/);
  });

  it('finds by that digest that a byte has changed on the way', async () => {
    const header = `--header=Cookie: ${bench.cookie}`;
    bench.network.damageOnceAt(100_000);
    expect((await aria2c('damaged', file.path, header)).code).toBe(CHECKSUM_ERROR);
  });

  it('goes on after a cut', async () => {
    bench.network.cutOnceAfter(MIB);
    const before = bench.network.cuts;
    const { code } = await aria2c('cut', file.path, `--header=Cookie: ${bench.cookie}`);
    expect([code, bench.network.cuts]).toEqual([0, before + 1]);
    expect(await sha256At(bench.at('cut'))).toBe(file.sha256);
  });

  it('by a link that is good for one download counts once', async () => {
    const link = await bench.linkTo(file);
    bench.take('');
    bench.network.cutOnceAfter(MIB);
    const { code, stdout } = await aria2c('link', link.url);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Verification finished successfully')]);
    expect(await sha256At(bench.at('link'))).toBe(file.sha256);
    expect(bench.take(link.url).length).toBeGreaterThan(8);
    expect(await listed(bench.ferry, bench.user, file, link)).toMatchObject({ downloads: 1 });
  });
});
