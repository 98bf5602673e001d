import { buildSync } from 'esbuild';
import { runInNewContext } from 'node:vm';

/** What a mini-program of a test has of `wx`, and how its network is. */
export interface MiniProgramOptions {
  /** Temporary files by path. */
  files: Record<string, Buffer>;
  /** Asked before every request; false breaks it off as a lost network does. */
  isOnline?: (url: URL, sent: number) => boolean;
}

interface RequestOptions {
  url: string;
  data?: ArrayBuffer | Record<string, unknown>;
  header?: Record<string, string>;
  method?: string;
  success: (answer: { statusCode: number; data: unknown }) => void;
  fail: (failure: { errMsg: string }) => void;
}

interface ReadOptions {
  filePath: string;
  position?: number;
  length?: number;
  success: (result: { data: ArrayBuffer }) => void;
  fail: (failure: { errMsg: string }) => void;
}

/**
 * A mini-program as far as uploading goes: `wx` with files and requests, as its documentation has them. Each one is a
 * new start of the app: nothing of another one is left.
 */
export class MiniProgram {
  /** Addresses of the requests that reached the network, oldest first. */
  readonly requests: string[] = [];

  constructor(private readonly options: MiniProgramOptions) {}

  /** Runs a package as the mini-program's own code. @returns its default export */
  load(entry: string): unknown {
    const { outputFiles } = buildSync({
      entryPoints: [entry],
      bundle: true,
      format: 'cjs',
      write: false,
      logLevel: 'error',
    });
    const module = { exports: {} as { default?: unknown } };
    const { setTimeout, clearTimeout, console } = globalThis;
    runInNewContext(outputFiles[0]!.text, {
      module,
      exports: module.exports,
      wx: this.wx,
      ...{ setTimeout, clearTimeout, console, ArrayBuffer, Uint8Array },
    });
    return module.exports.default;
  }

  private readonly wx = {
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0123456789abcdef' } }),
    getSystemInfoSync: () => ({ SDKVersion: '3.5.0' }),
    getFileSystemManager: () => ({
      readFile: ({ filePath, position = 0, length, success, fail }: ReadOptions) => {
        const bytes = this.options.files[filePath];
        if (!bytes) {
          fail({ errMsg: `readFile:fail no such file or directory ${filePath}` });
          return;
        }
        const end = length === undefined ? undefined : position + length;
        success({ data: new Uint8Array(bytes.subarray(position, end)).buffer });
      },
    }),
    request: (options: RequestOptions) => {
      const abort = new AbortController();
      void this.request(options, abort.signal);
      return { abort: () => abort.abort() };
    },
  };

  private async request(options: RequestOptions, signal: AbortSignal): Promise<void> {
    const { data, header = {}, method = 'GET', success, fail } = options;
    const url = new URL(options.url);
    const isBody = data instanceof ArrayBuffer;
    // The data of a GET are put into its address.
    if (!isBody)
      for (const [name, value] of Object.entries(data ?? {})) url.searchParams.append(name, String(value));
    if (this.options.isOnline?.(url, this.requests.length) === false) {
      fail({ errMsg: 'request:fail timeout' });
      return;
    }
    this.requests.push(url.href);
    try {
      const answer = await fetch(url, { method, headers: header, signal, ...(isBody && { body: data }) });
      const text = await answer.text();
      success({ statusCode: answer.status, data: parsed(text) });
    } catch {
      fail({ errMsg: signal.aborted ? 'request:fail abort' : 'request:fail' });
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
