import { build } from 'esbuild';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';

// Bundles the client into public/client: ferry.js for browsers and Node, ferry-wx.js for mini-programs.

const PROJECT = path.join(__dirname, '..');

const BUNDLES = [
  { entry: 'index.ts', name: 'ferry.js', format: 'esm', target: 'es2020' },
  // Mini-programs load modules of CommonJS, on engines that are older.
  { entry: 'wx.ts', name: 'ferry-wx.js', format: 'cjs', target: 'es2017' },
] as const;

/** @returns the files that were written, and their sizes in bytes as they are and by gzip */
export async function buildClient(
  directory: string,
): Promise<{ file: string; bytes: number; gzipped: number }[]> {
  await mkdir(directory, { recursive: true });
  return Promise.all(
    BUNDLES.map(async ({ entry, name, format, target }) => {
      const file = path.join(directory, name);
      await build({
        entryPoints: [path.join(PROJECT, 'src/client', entry)],
        outfile: file,
        bundle: true,
        minify: true,
        format,
        target,
        charset: 'utf8',
        logLevel: 'warning',
      });
      const content = await readFile(file);
      return { file, bytes: content.length, gzipped: zlib.gzipSync(content, { level: 9 }).length };
    }),
  );
}

async function main(): Promise<void> {
  for (const { file, bytes, gzipped } of await buildClient(path.join(PROJECT, 'public/client'))) {
    console.log(`${path.relative(PROJECT, file)}: ${bytes} bytes, ${gzipped} by gzip`);
  }
}

if (require.main === module) void main();
