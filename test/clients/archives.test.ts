import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { cutZip, layOutZip } from '../../src/services/archives/zip-layout';
import { makeArchive } from '../support/archives';
import { makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { run } from '../support/programs';

/** Prints what Python's zipfile finds: the first file that is damaged, then each one's name, size and time. */
const PYTHON = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(json.dumps({
    "damaged": archive.testzip() if sys.argv[2] == "test" else None,
    "files": [[i.filename, i.file_size, i.CRC, list(i.date_time), i.external_attr >> 16] for i in archive.infolist()],
    "last": archive.read(archive.infolist()[-1]).hex(),
}))
`;

interface Found {
  damaged: string | null;
  files: [name: string, size: number, crc32: number, time: number[], mode: number][];
  last: string;
}

let ferry: Ferry;
let user: TestUser;
let directory: string;

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-zip-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function pythonReads(archive: string, how: 'test' | 'list' = 'test'): Promise<Found> {
  const { code, stdout, stderr } = await run('python3', ['-c', PYTHON, archive, how], directory);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Found;
}

const CONTENTS: [name: string, bytes: Buffer][] = [
  ['年度报告.pdf', randomBytes(300_000)],
  ['naïve 😀.txt', Buffer.from('text')],
  ['naïve 😀.txt', Buffer.from('other text')],
  ['NAÏVE 😀.TXT', Buffer.alloc(0)],
  [`it's "quoted" $(x) %41.bin`, randomBytes(70_000)],
];

const NAMES = [
  '年度报告.pdf',
  'naïve 😀.txt',
  'naïve 😀 (2).txt',
  'NAÏVE 😀 (3).TXT',
  `it's "quoted" $(x) %41.bin`,
];

/** An archive of the contents, fetched by curl in two parts. */
async function fetched(): Promise<string> {
  const files: { id: string }[] = [];
  for (const [name, bytes] of CONTENTS) files.push(await makeFile(ferry, user, { name, bytes }));
  const { url, size } = await makeArchive(ferry, user, files, '照片');
  const target = path.join(directory, 'a.zip');
  const curl = (...args: string[]) => run('curl', ['-sSf', ...args, ferry.url + url], directory);
  expect((await curl('-r', '0-150000', '-o', target)).code).toBe(0);
  expect((await stat(target)).size).toBe(150_001);
  expect((await curl('-C', '-', '-o', target)).code).toBe(0);
  expect((await stat(target)).size).toBe(size);
  return target;
}

describe('an archive is read', () => {
  it('by Python', async () => {
    const { damaged, files, last } = await pythonReads(await fetched());
    expect(damaged).toBeNull();
    expect(files.map(([name]) => name)).toEqual(NAMES);
    for (const [index, [, size, checksum, , mode]] of files.entries()) {
      const bytes = CONTENTS[index]![1];
      expect([size, checksum, mode]).toEqual([bytes.length, crc32(bytes), 0o100644]);
    }
    expect(last).toBe(CONTENTS.at(-1)![1].toString('hex'));
  });

  it('by Info-ZIP’s unzip', async () => {
    const archive = await fetched();
    const tested = await run('unzip', ['-t', archive], directory);
    expect(tested).toMatchObject({ code: 0, stderr: '' });
    expect(tested.stdout).toContain('No errors detected');
    expect((await run('unzip', ['-q', archive, '-d', 'out'], directory)).code).toBe(0);
    for (const [index, name] of NAMES.entries()) {
      const extracted = path.join(directory, 'out', name);
      expect((await readFile(extracted)).equals(CONTENTS[index]![1])).toBe(true);
      // The extended timestamp is of use: the DOS time would be off by the zone.
      expect(Math.abs((await stat(extracted)).mtimeMs - Date.now())).toBeLessThan(60 * 60 * 1000);
    }
  });

  it('of a thousand files', async () => {
    const file = await makeFile(ferry, user, { name: 'a.txt', bytes: Buffer.from('few') });
    const { url } = await makeArchive(ferry, user, Array<{ id: string }>(1000).fill(file));
    const target = path.join(directory, 'a.zip');
    await writeFile(target, Buffer.from(await (await fetch(ferry.url + url)).arrayBuffer()));
    const { damaged, files } = await pythonReads(target);
    expect([damaged, files.length, files.at(-1)![0]]).toEqual([null, 1000, 'a (1000).txt']);
  });
});

describe('a layout beyond 32 bits is read', () => {
  /** Puts everything in its place but the zeros of the large files, for which the file has holes. */
  async function write(sizes: number[]): Promise<string> {
    const last = Buffer.from('the last one');
    const time = Date.UTC(2026, 10, 22, 8, 15, 30);
    const entries = [...sizes, last.length].map((size, index) => ({
      ...{ name: `${index}.bin`, size, modifiedAt: time },
      crc32: index === sizes.length ? crc32(last) : 0,
    }));
    const layout = layOutZip(entries);
    const target = path.join(directory, 'large.zip');
    const handle = await open(target, 'w');
    let at = 0;
    for (const span of cutZip(layout, 0, layout.size)) {
      const bytes = span.kind === 'literal' ? span.bytes : span.index === sizes.length ? last : null;
      if (bytes) await handle.write(bytes, 0, bytes.length, at);
      at += span.kind === 'literal' ? span.bytes.length : span.end - span.start;
    }
    await handle.close();
    expect((await stat(target)).size).toBe(layout.size);
    return target;
  }

  it.each([
    ['a file of 4 GiB - 2', [2 ** 32 - 2]],
    ['a file of 4 GiB - 1', [2 ** 32 - 1]],
    ['a file of 4 GiB', [2 ** 32]],
    ['an offset of 6 GiB', [2 ** 32 + 5, 2 ** 31]],
    ['many offsets above 4 GiB', [2 ** 31, 2 ** 31, 2 ** 31, 2 ** 33]],
  ])('by Python and unzip: %s', async (_, sizes) => {
    const archive = await write(sizes);
    const { files, last } = await pythonReads(archive, 'list');
    expect(files.map(([, size]) => size)).toEqual([...sizes, 12]);
    expect(files[0]![3]).toEqual([2026, 11, 22, 8, 15, 30]);
    expect(Buffer.from(last, 'hex').toString()).toBe('the last one');
    const name = `${sizes.length}.bin`;
    const extracted = await run('unzip', ['-p', archive, name], directory);
    expect(extracted).toEqual({ code: 0, stdout: 'the last one', stderr: '' });
  });
});
