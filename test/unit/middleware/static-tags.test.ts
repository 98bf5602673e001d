import type { BigIntStats } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { StaticFile } from '../../../src/middleware/static-opener';
import { StaticTags } from '../../../src/middleware/static-tags';
import { sha256Of } from '../../support/factories';

const HOUR = 60 * 60 * 1000;
/** One moment for all times, so that the same age is the same state. */
const BEGUN = Date.now();

describe('the tags of static files', () => {
  let reads: number;

  beforeEach(() => {
    reads = 0;
  });

  /** A file that was changed so many milliseconds ago, as far as its times tell. */
  function fileOf(content: string | Buffer, agoMs: number, ino = 1n): StaticFile {
    const time = BigInt(BEGUN - agoMs) * 1_000_000n;
    const stats = { dev: 1n, ino, size: BigInt(content.length), mtimeNs: time, ctimeNs: time };
    return {
      size: content.length,
      stats: stats as BigIntStats,
      async *read() {
        reads += 1;
        yield await Promise.resolve(Buffer.from(content));
      },
    } as unknown as StaticFile;
  }

  const tagOf = (content: string) => `"${sha256Of(Buffer.from(content))}"`;

  it('are made once for each state of a file', async () => {
    const tags = new StaticTags();
    for (let turn = 0; turn < 3; turn += 1) expect(await tags.of(fileOf('a', HOUR))).toBe(tagOf('a'));
    expect(reads).toBe(1);
    expect(await tags.of(fileOf('b', 2 * HOUR))).toBe(tagOf('b'));
    expect(await tags.of(fileOf('c', HOUR, 2n))).toBe(tagOf('c'));
    expect(await tags.of(fileOf('de', HOUR))).toBe(tagOf('de'));
    expect(reads).toBe(4);
  });

  it('are made each time while a change would not show in the times', async () => {
    const tags = new StaticTags();
    // Times to come, as from a server of files whose clock is ahead, are no older than a moment either.
    for (const content of ['a', 'b', 'c']) {
      expect(await tags.of(fileOf(content, -2 * HOUR))).toBe(tagOf(content));
    }
    expect(reads).toBe(3);
  });

  it('are remembered for a thousand files', async () => {
    const tags = new StaticTags();
    for (let ino = 1n; ino <= 1001n; ino += 1n) await tags.of(fileOf('a', HOUR, ino));
    await tags.of(fileOf('a', HOUR, 1001n));
    await tags.of(fileOf('a', HOUR, 2n));
    expect(reads).toBe(1001);
    await tags.of(fileOf('a', HOUR, 1n));
    expect(reads).toBe(1002);
  });

  describe('of what compressed files decode to', () => {
    it('are those of the content', async () => {
      const tags = new StaticTags();
      expect(await tags.ofDecoded(fileOf(brotliCompressSync('a'), HOUR, 1n), 'br')).toBe(tagOf('a'));
      expect(await tags.ofDecoded(fileOf(gzipSync('a'), HOUR, 2n), 'gzip')).toBe(tagOf('a'));
    });

    it('are none when there is no such content, or too much', async () => {
      const tags = new StaticTags();
      const much = Buffer.alloc(8 * 1024 * 1024 + 1);
      for (const [index, content] of ['', 'a', gzipSync('a').subarray(0, -1), gzipSync(much)].entries()) {
        expect(await tags.ofDecoded(fileOf(content, HOUR, BigInt(index)), 'gzip')).toBeNull();
      }
      const most = gzipSync(much.subarray(1));
      expect(await tags.ofDecoded(fileOf(most, HOUR, 9n), 'gzip')).not.toBeNull();
    });

    it('are made once for each state of a file, apart from its own', async () => {
      const tags = new StaticTags();
      const coded = gzipSync('a');
      for (let turn = 0; turn < 3; turn += 1) {
        expect(await tags.ofDecoded(fileOf(coded, HOUR), 'gzip')).toBe(tagOf('a'));
        expect(await tags.ofDecoded(fileOf('no such coding', HOUR, 2n), 'br')).toBeNull();
        expect(await tags.of(fileOf(coded, HOUR))).toBe(`"${sha256Of(coded)}"`);
      }
      expect(reads).toBe(3);
    });
  });
});
