import { Worker } from 'node:worker_threads';
import { NotFound, Unavailable } from '../../../errors';
import type { BlobHashes, PartHashes } from '../index';
import type { HashAnswer, HashOrder, Hashes } from './hash-messages';

/** How often hashes are asked for before they are given up, when the worker keeps dying. */
const MAX_ATTEMPTS = 2;
/** Bytes of a SHA-256. */
const DIGEST_SIZE = 32;

/** Hashes that somebody waits for. */
interface Job {
  order: (request: number) => HashOrder;
  attempts: number;
  resolve(hashes: Hashes): void;
  reject(error: Error): void;
}

/** The thread's memory limits; its 1 MiB of file bytes lies outside of them. */
function startHashWorker(): Worker {
  return new Worker(require.resolve('./hash-worker.js'), {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
}

/**
 * SHA-256 and CRC-32 of parts, computed by one worker thread while the parts fill, and of blobs' pieces. The thread is started when it is first needed,
 * and again after it has died; what it had hashed is then hashed again. It keeps the process alive only while somebody
 * waits for hashes.
 */
export class Hasher {
  private worker: Worker | null = null;
  private closed = false;
  private lastRequest = 0;
  private readonly jobs = new Map<number, Job>();
  private readonly shared = new Map<string, Promise<PartHashes>>();

  constructor(private readonly startWorker: () => Worker = startHashWorker) {}

  /** Bytes [0, end) of the file are final. */
  advance(path: string, end: number): void {
    if (!this.closed) this.post({ kind: 'advance', path, end });
  }

  /**
   * The hashes of bytes [0, size) of the file; simultaneous calls share the work.
   * @throws `NotFound` for a missing file, `Unavailable` when the worker keeps dying or the store is closed
   */
  finish(path: string, size: number): Promise<PartHashes> {
    const key = `${size}:${path}`;
    const under = this.shared.get(key);
    if (under) return under;
    const hashes = this.submit((request) => ({ kind: 'finish', path, size, request }))
      .then(({ digests, crc32 }) => ({ sha256: Buffer.from(digests).toString('hex'), crc32 }))
      .finally(() => this.shared.delete(key));
    this.shared.set(key, hashes);
    return hashes;
  }

  /**
   * The hashes of a file of `size` bytes that does not change, after those of parts.
   * @throws as `finish`
   */
  async pieces(path: string, size: number, pieceSize: number): Promise<BlobHashes> {
    const order = { kind: 'pieces', path, size, pieceSize } as const;
    const { digests, crc32 } = await this.submit((request) => ({ ...order, request }));
    const bytes = Buffer.from(digests);
    const pieces: string[] = [];
    for (let at = 0; at < bytes.length; at += DIGEST_SIZE)
      pieces.push(bytes.toString('hex', at, at + DIGEST_SIZE));
    return { crc32, pieces };
  }

  /** The file is gone. */
  forget(path: string): void {
    this.worker?.postMessage({ kind: 'forget', path } satisfies HashOrder);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }

  private submit(order: Job['order']): Promise<Hashes> {
    if (this.closed) return Promise.reject(new Unavailable('The blob store is closed.'));
    return new Promise((resolve, reject) => {
      this.ask(++this.lastRequest, { order, attempts: 0, resolve, reject });
    });
  }

  private ask(request: number, job: Job): void {
    job.attempts += 1;
    this.jobs.set(request, job);
    this.post(job.order(request));
    this.worker?.ref();
  }

  private post(order: HashOrder): void {
    this.worker ??= this.start();
    this.worker.postMessage(order);
  }

  private start(): Worker {
    const worker = this.startWorker();
    let cause: unknown;
    worker.on('message', (answer: HashAnswer) => this.settle(answer));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.once('exit', () => this.replace(cause));
    worker.unref();
    return worker;
  }

  private settle(answer: HashAnswer): void {
    const job = this.jobs.get(answer.request);
    this.jobs.delete(answer.request);
    if (this.jobs.size === 0) this.worker?.unref();
    if (answer.hashes !== null) job?.resolve(answer.hashes);
    else if (answer.code === 'ENOENT') job?.reject(new NotFound('The stored bytes are not there.'));
    else job?.reject(new Error(`hashing failed: ${answer.message}`));
  }

  /** The worker has ended: asks a new one for what is still wanted. */
  private replace(cause: unknown): void {
    this.worker = null;
    const orphans = [...this.jobs];
    this.jobs.clear();
    for (const [request, job] of orphans) {
      if (this.closed) job.reject(new Unavailable('The blob store is closed.'));
      else if (job.attempts >= MAX_ATTEMPTS) job.reject(new Unavailable('Hashing keeps failing.', cause));
      else this.ask(request, job);
    }
  }
}
