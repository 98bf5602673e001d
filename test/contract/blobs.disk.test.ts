import { existsSync, readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { NotFound, Unavailable } from '../../src/errors';
import type { BlobStore } from '../../src/models/blobs';
import { openDiskBlobs } from '../../src/models/blobs/disk';
import { blobsContract } from './blobs.contract';
import { collect, sha256 } from './blobs/bench';

const temporary = (): Promise<string> => fs.mkdtemp(path.join(os.tmpdir(), 'ferry-blobs-'));

blobsContract('local disk', async () => {
  const directory = await temporary();
  return {
    store: await openDiskBlobs({ directory }),
    chunkSize: 300_000,
    dispose: () => fs.rm(directory, { recursive: true }),
  };
});

async function* source(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

describe('blob store: local disk only', () => {
  let directory: string;
  let store: BlobStore;

  const content = Buffer.alloc(700_000, 'ferry');
  const hash = sha256(content);
  const blobFolder = (): string => path.join(directory, 'blobs', hash.slice(0, 2), hash.slice(2, 4));
  const blobFile = (): string => path.join(blobFolder(), hash);
  const partFile = (id: string): string => path.join(directory, 'parts', id);

  /** A store as after a crash: nothing but what is on the disk. */
  async function restart(): Promise<void> {
    await store.close();
    store = await openDiskBlobs({ directory });
  }

  async function fill(id: string): Promise<void> {
    await store.createPart(id, content.length);
    await store.writePart(id, 0, source(content));
  }

  async function expectPublished(): Promise<void> {
    expect(readdirSync(path.join(directory, 'parts'))).toEqual([]);
    expect(readdirSync(blobFolder())).toEqual([hash]);
    expect((await fs.readFile(blobFile())).equals(content)).toBe(true);
  }

  beforeEach(async () => {
    directory = await temporary();
    store = await openDiskBlobs({ directory });
  });

  afterEach(async () => {
    await store.close();
    await fs.rm(directory, { recursive: true, force: true });
  });

  describe('layout', () => {
    it('keeps parts by id and blobs by hash', async () => {
      expect(store.location).toBe(directory);
      await fill('p1');
      expect((await fs.readFile(partFile('p1'))).equals(content)).toBe(true);
      await store.publishPart('p1', (await store.hashPart('p1', content.length)).sha256);
      await expectPublished();
    });

    it('gives a part its size before any byte is there', async () => {
      await store.createPart('p1', 12_345);
      await store.createPart('p2', null);
      expect((await fs.stat(partFile('p1'))).size).toBe(12_345);
      expect((await fs.stat(partFile('p2'))).size).toBe(0);
    });

    it('passes over files that are none of its own', async () => {
      await fs.writeFile(partFile('.gitkeep'), '');
      await fs.mkdir(partFile('folder'));
      await fs.writeFile(path.join(directory, 'blobs', 'README'), '');
      await fs.mkdir(path.join(directory, 'blobs', 'ff', 'ff'), { recursive: true });
      await fs.writeFile(path.join(directory, 'blobs', 'ff', 'ff', 'a'.repeat(64)), '');
      for await (const item of store.listParts()) throw new Error(`listed ${item.id}`);
      for await (const item of store.listBlobs()) throw new Error(`listed ${item.id}`);
    });

    it('lists on while entries vanish', async () => {
      for (let i = 0; i < 100; i++) await fs.writeFile(partFile(`p${i}`), '');
      let listed = 0;
      for await (const item of store.listParts()) {
        expect(item.id).toMatch(/^p\d+$/);
        if (listed++ === 0) {
          for (let i = 0; i < 100; i++) await fs.rm(partFile(`p${i}`));
        }
      }
      expect(listed).toBe(1);
    });

    it('makes its folders, and is unavailable without them', async () => {
      const deep = path.join(directory, 'a', 'b');
      const other = await openDiskBlobs({ directory: deep });
      await other.ping();
      await fs.rm(path.join(deep, 'blobs'), { recursive: true });
      await expect(other.ping()).rejects.toThrow(Unavailable);
      await fs.writeFile(path.join(deep, 'blobs'), 'a file');
      await expect(other.ping()).rejects.toThrow(Unavailable);
      await other.close();
    });

    it.each([-1, 0.5, NaN])('refuses the position %p', async (start) => {
      await fill('p1');
      await expect(store.writePart('p1', start, source(Buffer.from('x')))).rejects.toThrow(RangeError);
      await expect(store.partMatches('p1', start, source(Buffer.from('x')))).rejects.toThrow(RangeError);
      expect((await store.hashPart('p1', content.length)).sha256).toBe(hash);
    });
  });

  describe('after a crash', () => {
    it.each([0, 1, 2, 3])('goes on with joining parts after %i were moved', async (moved) => {
      const sizes = [100_000, 300_000, 300_000];
      let start = 0;
      for (const [i, size] of sizes.entries()) {
        await store.createPart(`p${i}`, size);
        await store.writePart(`p${i}`, 0, source(content.subarray(start, (start += size))));
      }
      const folder = `${partFile('whole')}.joined`;
      if (moved > 0) await fs.mkdir(folder);
      for (let i = 0; i < moved; i++) await fs.rename(partFile(`p${i}`), path.join(folder, `0000${i}`));
      await restart();
      await store.joinParts(
        'whole',
        sizes.map((size, i) => ({ id: `p${i}`, size })),
      );
      expect((await store.hashPart('whole', content.length)).sha256).toBe(hash);
      await store.publishPart('whole', hash);
      expect(readdirSync(path.join(directory, 'parts'))).toEqual([]);
      expect(readdirSync(blobFile())).toEqual(['00000', '00001', '00002']);
    });

    it.each(['a file', 'a folder'])(
      'puts %s in the place of a damaged blob of the other kind',
      async (kind) => {
        const damaged = kind === 'a file' ? path.join(blobFile(), '00000') : blobFile();
        await fs.mkdir(path.dirname(damaged), { recursive: true });
        await fs.writeFile(damaged, 'cut');
        await fill('p1');
        if (kind === 'a folder') await store.joinParts('p2', [{ id: 'p1', size: content.length }]);
        await store.publishPart(kind === 'a folder' ? 'p2' : 'p1', hash);
        const reader = await store.openBlob(hash);
        expect((await collect(reader.read(0, reader.size))).equals(content)).toBe(true);
        await reader.close();
      },
    );

    it('hashes a part from its start', async () => {
      await fill('p1');
      store.hashAlong('p1', 300_000);
      await restart();
      store.hashAlong('p1', 600_000);
      expect((await store.hashPart('p1', content.length)).sha256).toBe(hash);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['before publishing', () => Promise.resolve()],
      ['after the first folder', () => fs.mkdir(path.dirname(blobFolder()))],
      ['after both folders', () => fs.mkdir(blobFolder(), { recursive: true })],
      [
        'after the rename',
        async () => {
          await fs.mkdir(blobFolder(), { recursive: true });
          await fs.rename(partFile('p1'), blobFile());
        },
      ],
      [
        'with the blob there and the part not dropped yet',
        async () => {
          await fs.mkdir(blobFolder(), { recursive: true });
          await fs.copyFile(partFile('p1'), blobFile());
        },
      ],
      ['after publishing', () => store.publishPart('p1', hash)],
    ])('%s, publishing goes on', async (_, crashedAt) => {
      await fill('p1');
      await crashedAt();
      await restart();
      await store.publishPart('p1', hash);
      await expectPublished();
    });

    it('replaces a damaged blob', async () => {
      await fs.mkdir(blobFolder(), { recursive: true });
      await fs.writeFile(blobFile(), content.subarray(1));
      await fill('p1');
      await store.publishPart('p1', hash);
      await expectPublished();
    });
  });

  it.each([
    ['new', false],
    ['already there', true],
  ])('dates a blob that is %s to its publishing', async (_, isThere) => {
    const longAgo = new Date('2001-01-01');
    if (isThere) {
      await fill('p0');
      await store.publishPart('p0', hash);
      await fs.utimes(blobFile(), longAgo, longAgo);
    }
    await fill('p1');
    await fs.utimes(partFile('p1'), longAgo, longAgo);
    await store.publishPart('p1', hash);
    for await (const { modifiedAt } of store.listBlobs()) {
      expect(modifiedAt.getFullYear()).toBeGreaterThan(2001);
    }
  });

  describe('writers that outlive their part', () => {
    it.each<[string, () => Promise<void>]>([
      ['published', () => store.publishPart('p1', hash)],
      ['discarded', () => store.discardPart('p1')],
    ])('cannot write once it is %s', async (_, end) => {
      await fill('p1');
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(10, 'x');
        await end();
        await store.createPart('p1', 10);
        yield Buffer.alloc(10, 'x');
      }
      await expect(store.writePart('p1', 0, slow())).rejects.toThrow(NotFound);
      expect(await fs.readFile(partFile('p1'))).toEqual(Buffer.alloc(10));
      if (existsSync(blobFile())) expect((await fs.readFile(blobFile())).equals(content)).toBe(true);
    });
  });

  describe('readers', () => {
    it('read an open blob after it is deleted', async () => {
      await fill('p1');
      await store.publishPart('p1', hash);
      const reader = await store.openBlob(hash);
      await store.deleteBlob(hash);
      expect((await collect(reader.read(0, reader.size))).equals(content)).toBe(true);
      await reader.close();
    });

    it('throw when the file is cut short beneath them', async () => {
      await fill('p1');
      await store.publishPart('p1', hash);
      const reader = await store.openBlob(hash);
      await fs.truncate(blobFile(), 1000);
      await expect(collect(reader.read(0, reader.size))).rejects.toThrow('ends at 1000');
      await reader.close();
    });

    it('leave no descriptor behind', async () => {
      await fill('p1');
      await store.publishPart('p1', hash);
      const openFiles = (): number => readdirSync('/proc/self/fd').length;
      const before = openFiles();
      await Promise.all(
        Array.from({ length: 30 }, async () => {
          const reader = await store.openBlob(hash);
          const bytes = reader.read(0, reader.size)[Symbol.asyncIterator]();
          await bytes.next();
          // The next read is in flight now.
          await Promise.all([reader.close(), bytes.return?.(), reader.close()]);
        }),
      );
      await expect(store.writePart('nowhere', 0, source())).rejects.toThrow(NotFound);
      await fill('p2');
      expect(openFiles()).toBe(before);
    });
  });
});
