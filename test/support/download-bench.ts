import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { BadNetwork } from './bad-network';
import { Browser } from './browser';
import { API, makeUser, type TestUser } from './factories';
import { startFerry, type Ferry } from './ferry';
import { makeLink, type TestLink } from './links';

const MIB = 2 ** 20;

/** A file to download, and how a client may get at it. */
export interface Download {
  id: string;
  sha256: string;
  size: number;
  path: string;
}

/** What a client asked for. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Of the answer; 0 when the client went away before there was one. */
  status: number;
}

/** A server with a user, a bad network before it, a folder for what is downloaded, and notes on every request. */
export class DownloadBench {
  readonly seen: Seen[] = [];

  private constructor(
    readonly ferry: Ferry,
    readonly network: BadNetwork,
    readonly user: TestUser,
    /** Signed in as the user. */
    readonly browser: Browser,
    readonly directory: string,
  ) {}

  static async start(): Promise<DownloadBench> {
    const ferry = await startFerry();
    const user = await makeUser(ferry);
    const browser = await Browser.signedIn(ferry, user);
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-downloads-'));
    const network = await BadNetwork.before(ferry);
    const bench = new DownloadBench(ferry, network, user, browser, directory);
    ferry.server.on('request', (request, response) => {
      response.once('close', () => {
        const { method = '', url = '', headers } = request;
        const status = response.headersSent ? response.statusCode : 0;
        bench.seen.push({ method, path: url, headers, status });
      });
    });
    return bench;
  }

  /** What the user's browser sends as `Cookie`. */
  get cookie(): string {
    return this.browser.cookieHeader;
  }

  async stop(): Promise<void> {
    await this.network.close();
    await this.ferry.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A stored file of the user: random bytes of so many MiB, or these. */
  async store(content: number | Buffer, type = 'application/octet-stream'): Promise<Download> {
    const bytes = typeof content === 'number' ? randomBytes(content * MIB) : content;
    async function* source(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(bytes);
    }
    const { files } = this.ferry.services;
    const staged = await files.stage(source(), 0);
    const file = await files.create(
      this.user.id,
      { name: 'download.bin', type, visibility: 'private' },
      staged,
    );
    return {
      id: file.id,
      sha256: file.sha256,
      size: bytes.length,
      path: `${API}/files/${file.id}/content`,
    };
  }

  /** A link to the file that is good for one download. */
  linkTo(file: Download): Promise<TestLink> {
    return makeLink(this.ferry, this.user, file, { expiresIn: 3600, maxDownloads: 1 });
  }

  /** Where a client may put a file. */
  at(name: string): string {
    return path.join(this.directory, name);
  }

  /** Requests for a path that were answered since the last call. */
  take(wanted: string): Seen[] {
    return this.seen.splice(0).filter(({ path: asked }) => asked.startsWith(wanted));
  }
}

/** Of a file on the disk. */
export async function sha256At(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
