import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { DownloadBench, type Download } from '../support/download-bench';
import { sha256Of } from '../support/factories';
import { run } from '../support/programs';

interface Read {
  status: number;
  contentLength: string;
  contentRange: string | null;
  length: number;
  defects: string[];
  preamble: string | null;
  epilogue: string | null;
  parts: { headers: Record<string, string>; defects: string[]; sha256: string }[];
}

describe("Python's HTTP client and mail parser", () => {
  const bytes = Buffer.concat([
    // What a reader of lines could take for the end of one, or for a delimiter.
    Buffer.from('\r\n--ferry\r\n--\r\n\n\r\r\n\0\x1a\u0085\u2028--'),
    randomBytes(200_000),
  ]);
  let bench: DownloadBench;
  let file: Download;

  beforeAll(async () => {
    bench = await DownloadBench.start();
    file = await bench.store(bytes, 'application/x-f');
  });

  afterAll(() => bench.stop());

  it.each<[string, [number, number][]]>([
    [
      'three parts',
      [
        [0, 29],
        [100, 100],
        [bytes.length - 1, bytes.length - 1],
      ],
    ],
    [
      'large parts, out of order',
      [
        [150_000, 199_999],
        [0, 99_999],
      ],
    ],
    [
      'two hundred parts',
      Array.from({ length: 200 }, (_, index): [number, number] => [index * 900, index * 900 + 9]),
    ],
  ])('read %s', async (_what, expected) => {
    const script = path.join(__dirname, 'byteranges.py');
    const range = `bytes=${expected.map(([first, last]) => `${first}-${last}`).join()}`;
    const args = [script, bench.ferry.url + file.path, bench.cookie, range];
    const { code, stdout, stderr } = await run('python3', args, bench.directory);
    expect([code, stderr]).toEqual([0, '']);
    const read = JSON.parse(stdout) as Read;
    expect(read).toMatchObject({
      status: 206,
      contentRange: null,
      contentLength: String(read.length),
      defects: [],
    });
    expect([read.preamble, read.epilogue]).toEqual([null, '']);
    expect(read.parts).toEqual(
      expected.map(([first, last]) => ({
        headers: {
          'Content-Type': 'application/x-f',
          'Content-Range': `bytes ${first}-${last}/${bytes.length}`,
        },
        defects: [],
        sha256: sha256Of(bytes.subarray(first, last + 1)),
      })),
    );
  });
});
