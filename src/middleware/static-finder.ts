import send from 'koa-send';
import serve from 'koa-static';
import type { Stats } from 'node:fs';
import type { Context, Middleware } from './context';
import { StaticOpener, type StaticFile } from './static-opener';

/**
 * Gives the static file that a path names, the request's if no other is given, open, or null; whoever gets it closes it.
 */
export type StaticFinder = (ctx: Context, path?: string) => Promise<StaticFile | null>;

/** What koa-send found; it takes this for the response, which it would describe the file on. */
interface Finding {
  found?: { file: string; stats: Stats };
}

/** Ends koa-send's work once it knows the file, which it would go on to open in a way of its own. */
const STOP = new Error('koa-send is to find files, not to open them');

const FIND_ONLY = {
  index: false,
  // koa-send would take any `.br` or `.gz` beside a file; here they are chosen by content, and have tags of their own.
  brotli: false,
  gzip: false,
  setHeaders(finding: Finding, file: string, stats: Stats): void {
    finding.found = { file, stats };
    throw STOP;
  },
};

/**
 * Lets koa-static find the files of a directory: it knows about escapes, hidden files and paths that lead out. For any
 * method, as for GET.
 */
export function staticFinder(directory: string): StaticFinder {
  const find = serve(directory, FIND_ONLY as object) as unknown as Middleware;
  const opener = new StaticOpener();
  return function findStaticFile(ctx, path = ctx.path) {
    return opened(opener, ctx, path, (finding) => find(finding, () => Promise.resolve()));
  };
}

/** Finds some files of a directory, each at a path of its own. */
export function namedFinder(directory: string, namesByPath: ReadonlyMap<string, string>): StaticFinder {
  const opener = new StaticOpener();
  return async function findNamedFile(ctx, path = ctx.path) {
    const name = namesByPath.get(path);
    if (name === undefined) return null;
    const options = { ...FIND_ONLY, root: directory } as object;
    return opened(opener, ctx, path, (finding) => send(finding, name, options));
  };
}

/** Asks one after the other. */
export function firstFound(...finders: StaticFinder[]): StaticFinder {
  return async function findFirst(ctx, path) {
    for (const find of finders) {
      const file = await find(ctx, path);
      if (file) return file;
    }
    return null;
  };
}

async function opened(
  opener: StaticOpener,
  ctx: Context,
  path: string,
  find: (finding: Context) => unknown,
): Promise<StaticFile | null> {
  const finding: Finding = {};
  try {
    await find(findingContext(ctx, path, finding));
  } catch (error) {
    // 403 is for a path that leads out of the directory: there is nothing for us.
    if (error !== STOP && (error as { status?: unknown }).status !== 403) throw error;
  }
  return finding.found ? opener.open(finding.found.file, finding.found.stats) : null;
}

/**
 * What koa-static and koa-send read of a context until they know the file. It does not inherit from the request's,
 * because V8 makes every use of an object slow that is the prototype of another.
 */
function findingContext(ctx: Context, path: string, finding: Finding): Context {
  const reading = {
    method: 'GET',
    path,
    res: finding,
    acceptsEncodings: () => 'identity',
    throw: (status: number, message: string) => ctx.throw(status, message),
  };
  return reading as unknown as Context;
}
