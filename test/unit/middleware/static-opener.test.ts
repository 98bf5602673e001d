import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { StaticOpener } from '../../../src/middleware/static-opener';

const HOUR = 3_600_000;

describe('StaticOpener', () => {
  let directory: string;
  let file: string;
  let opener: StaticOpener;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-static-opener-'));
    file = path.join(directory, 'a.txt');
    opener = new StaticOpener();
    await writeFile(file, 'first');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(directory, { recursive: true, force: true });
  });

  /** As if the file had been there for an hour. */
  const settle = () => {
    const later = Date.now() + HOUR;
    jest.spyOn(Date, 'now').mockReturnValue(later);
  };

  async function contentOf(found = stat(file)): Promise<string | null> {
    const opened = await opener.open(file, await found);
    if (!opened) return null;
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.read(0, opened.size)) pieces.push(Uint8Array.from(piece));
    await opened.close();
    return Buffer.concat(pieces).toString();
  }

  it('keeps a small file in memory', async () => {
    settle();
    const found = await stat(file);
    expect(await contentOf()).toBe('first');
    await rm(file);
    expect(await contentOf(Promise.resolve(found))).toBe('first');
  });

  it('reads it again once it is another', async () => {
    settle();
    expect(await contentOf()).toBe('first');
    const other = path.join(directory, 'b.txt');
    await writeFile(other, 'other');
    await rename(other, file);
    expect(await contentOf()).toBe('other');
  });

  it('keeps none that changed a moment ago, because it may change again within the same tick', async () => {
    const found = await stat(file);
    expect(await contentOf()).toBe('first');
    await writeFile(file, 'other');
    expect(await contentOf(Promise.resolve(found))).toBe('other');
  });

  it('finds nothing where the file is gone, or is none', async () => {
    const found = await stat(file);
    await rm(file);
    expect(await contentOf(Promise.resolve(found))).toBeNull();
    expect(await opener.open(directory, await stat(directory))).toBeNull();
  });

  it('reads large files from the disk', async () => {
    settle();
    await writeFile(file, 'x'.repeat(1_000_000));
    expect(await contentOf()).toHaveLength(1_000_000);
    await writeFile(file, 'y'.repeat(1_000_000));
    expect(await contentOf()).toBe('y'.repeat(1_000_000));
  });
});
