import serve from 'koa-static';
import { contentType } from 'mime-types';
import { fstat, read, ReadStream, type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import type { Context, Middleware } from './context';
import type { ContentReader } from './send-plan';

const fstatOf = promisify(fstat);
const readFrom = promisify(read);

/** Bytes read at a time. */
const PIECE = 256 * 1024;

/** Gives the static file that a request's path names, open, or null; whoever gets it closes it. */
export type StaticFinder = (ctx: Context) => Promise<StaticFile | null>;

/** A static file through the one descriptor that koa-send opened: what is said of it and what is sent are one file. */
export class StaticFile implements ContentReader {
  /** Bytes. */
  readonly size: number;

  constructor(
    private readonly stream: ReadStream,
    private readonly descriptor: number,
    readonly stats: BigIntStats,
    /** Its media type. */
    readonly type: string,
  ) {
    this.size = Number(stats.size);
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, end - start));
    for (let position = start; position < end;) {
      const length = Math.min(buffer.length, end - position);
      const { bytesRead } = await readFrom(this.descriptor, buffer, 0, length, position);
      if (bytesRead === 0) throw new Error(`the static file ends at ${position} instead of ${end}`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  close(): Promise<void> {
    return closed(this.stream);
  }
}

/**
 * Lets koa-static find and open the files of a directory: it knows about escapes, hidden files and paths that lead
 * out. For any method, as for GET.
 */
export function staticFinder(directory: string): StaticFinder {
  // A file has one ETag for each path: ready-made `.br` and `.gz` files beside it would have others.
  const options = { index: false, brotli: false, gzip: false } as const;
  const find = serve(directory, options) as unknown as Middleware;
  return async function findStaticFile(ctx) {
    const finding = findingContext(ctx);
    try {
      await find(finding, () => Promise.resolve());
    } catch (error) {
      // A path that leads out of the directory: there is nothing for us.
      if ((error as { status?: unknown }).status === 403) return null;
      throw error;
    }
    return finding.body instanceof ReadStream ? open(finding.body, finding.type) : null;
  };
}

/**
 * The request's context with an answer of its own. koa-send describes the file by a `stat` from before it opened it,
 * and Koa would close a body's stream as soon as the client goes, which may be in the middle of one of our reads: the
 * descriptor's number could be another file's by then.
 */
function findingContext(ctx: Context): Context {
  return Object.create(ctx, {
    method: { value: 'GET' },
    set: { value: () => undefined },
    type: { value: '', writable: true },
    body: { value: null, writable: true },
  }) as Context;
}

async function open(stream: ReadStream, extension: string): Promise<StaticFile | null> {
  try {
    const descriptor = await new Promise<number>((resolve, reject) => {
      stream.once('open', resolve).once('error', reject);
    });
    const stats = await fstatOf(descriptor, { bigint: true });
    const type = contentType(extension) || 'application/octet-stream';
    if (stats.isFile()) return new StaticFile(stream, descriptor, stats, type);
  } catch (error) {
    await closed(stream);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await closed(stream);
  return null;
}

function closed(stream: ReadStream): Promise<void> {
  return new Promise((resolve) => {
    stream.close(() => resolve());
  });
}
