import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { precompress } from '../../scripts/precompress';

const STYLE = 'body { color: black }\n'.repeat(100);

describe('what the build compresses ahead', () => {
  let directory: string;
  const at = (name: string) => path.join(directory, name);
  const make = async (others = new Map<string, string>()) =>
    (await precompress(directory, others)).map((file) => path.relative(directory, file)).sort();

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-precompress-'));
    await mkdir(at('css'));
    await Promise.all([
      writeFile(at('css/style.css'), STYLE),
      writeFile(at('css/small.css'), STYLE.slice(0, 1024)),
      writeFile(at('noise.txt'), randomBytes(2000)),
      writeFile(at('picture.png'), STYLE),
      writeFile(at('noextension'), STYLE),
    ]);
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is what becomes smaller, and decodes to what it was', async () => {
    expect(await make()).toEqual(['css/style.css.br', 'css/style.css.gz']);
    expect(brotliDecompressSync(await readFile(at('css/style.css.br'))).toString()).toBe(STYLE);
    expect(gunzipSync(await readFile(at('css/style.css.gz'))).toString()).toBe(STYLE);
    expect(await readdir(at('css'))).toHaveLength(4);
  });

  it('is made once for each content', async () => {
    await make();
    const { ino } = await stat(at('css/style.css.br'));
    expect(await make()).toEqual([]);
    expect((await stat(at('css/style.css.br'))).ino).toBe(ino);
    await writeFile(at('css/style.css'), STYLE.toUpperCase());
    await writeFile(at('css/style.css.gz'), 'broken');
    expect(await make()).toEqual(['css/style.css.br', 'css/style.css.gz']);
    expect(gunzipSync(await readFile(at('css/style.css.gz'))).toString()).toBe(STYLE.toUpperCase());
  });

  it('may lie elsewhere', async () => {
    await make();
    const others = new Map([['/docs/assets/a.css', at('css/style.css')]]);
    expect(await make(others)).toEqual(['docs/assets/a.css.br', 'docs/assets/a.css.gz']);
    expect(await make(others)).toEqual([]);
  });
});
