import { readdir, readFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { contentType } from 'mime-types';
import { docsAssetFiles } from '../src/middleware/docs-assets';
import { isCompressible } from '../src/services/http/content-codings';

// Compresses what is served from `public`, and swagger-ui, ahead and as hard as can be. What lies beside a file as
// `.br` or `.gz` is sent to clients that take it, as long as it decodes to the file; all of it may be missing.

/** Bytes; what is smaller fits into a packet or two anyway. */
const LEAST = 1024;

interface Coder {
  encode: (bytes: Buffer) => Promise<Buffer>;
  decode: (bytes: Buffer) => Promise<Buffer>;
}

const CODERS: Record<'.br' | '.gz', Coder> = {
  '.br': {
    encode: (bytes) =>
      promisify(zlib.brotliCompress)(bytes, {
        params: {
          [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY,
          [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
    decode: promisify(zlib.brotliDecompress),
  },
  '.gz': {
    encode: (bytes) => promisify(zlib.gzip)(bytes, { level: zlib.constants.Z_BEST_COMPRESSION }),
    decode: promisify(zlib.gunzip),
  },
};

/** Whether the compressed form is there already. */
async function isCurrent(target: string, bytes: Buffer, { decode }: Coder): Promise<boolean> {
  try {
    return (await decode(await readFile(target))).equals(bytes);
  } catch {
    return false;
  }
}

/** Makes those compressed forms of a file that are missing or of other content, if they are smaller. */
async function compress(source: string, beside: string): Promise<string[]> {
  if (!isCompressible(contentType(path.extname(source)) || '')) return [];
  const bytes = await readFile(source);
  if (bytes.length <= LEAST) return [];
  const made: string[] = [];
  for (const [extension, coder] of Object.entries(CODERS)) {
    const target = beside + extension;
    if (await isCurrent(target, bytes, coder)) continue;
    const encoded = await coder.encode(bytes);
    if (encoded.length >= bytes.length) continue;
    await mkdir(path.dirname(target), { recursive: true });
    // Hidden until it is whole: a server may be running.
    const draft = path.join(path.dirname(target), `.${path.basename(target)}.new`);
    await writeFile(draft, encoded);
    await rename(draft, target);
    made.push(target);
  }
  return made;
}

/**
 * Compresses the files of a directory, and files that are served as if they were in it.
 * @param others where they lie, by the paths under the directory that they are served at
 * @returns the compressed files that were not there before
 */
export async function precompress(directory: string, others: ReadonlyMap<string, string>): Promise<string[]> {
  const made: string[] = [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    made.push(...(await compress(file, file)));
  }
  for (const [at, source] of others) made.push(...(await compress(source, path.join(directory, at))));
  return made;
}

async function main(): Promise<void> {
  const directory = path.join(__dirname, '../public');
  const { length } = await precompress(directory, docsAssetFiles());
  if (length > 0) console.log(`compressed for ${directory}: ${length} files`);
}

if (require.main === module) void main();
