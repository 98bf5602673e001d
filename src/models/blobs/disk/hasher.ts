import { Worker } from 'node:worker_threads';
import { NotFound, Unavailable } from '../../../errors';
import type { HashAnswer, HashOrder } from './hash-messages';

/** How often a digest is asked for before it is given up, when the worker keeps dying. */
const MAX_ATTEMPTS = 2;

/** A digest that somebody waits for. */
interface Job {
  path: string;
  size: number;
  attempts: number;
  resolve(digest: string): void;
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
 * SHA-256 of parts, computed by one worker thread while the parts fill. The thread is started when it is first needed,
 * and again after it has died; what it had hashed is then hashed again. It keeps the process alive only while somebody
 * waits for a digest.
 */
export class Hasher {
  private worker: Worker | null = null;
  private closed = false;
  private lastRequest = 0;
  private readonly jobs = new Map<number, Job>();
  private readonly shared = new Map<string, Promise<string>>();

  constructor(private readonly startWorker: () => Worker = startHashWorker) {}

  /** Bytes [0, end) of the file are final. */
  advance(path: string, end: number): void {
    if (!this.closed) this.post({ kind: 'advance', path, end });
  }

  /**
   * The digest of bytes [0, size) of the file in lower-case hexadecimal; simultaneous calls share the work.
   * @throws `NotFound` for a missing file, `Unavailable` when the worker keeps dying or the store is closed
   */
  finish(path: string, size: number): Promise<string> {
    const key = `${size}:${path}`;
    const under = this.shared.get(key);
    if (under) return under;
    const digest = this.submit(path, size).finally(() => this.shared.delete(key));
    this.shared.set(key, digest);
    return digest;
  }

  /** The file is gone. */
  forget(path: string): void {
    this.worker?.postMessage({ kind: 'forget', path } satisfies HashOrder);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }

  private submit(path: string, size: number): Promise<string> {
    if (this.closed) return Promise.reject(new Unavailable('The blob store is closed.'));
    return new Promise((resolve, reject) => {
      this.ask(++this.lastRequest, { path, size, attempts: 0, resolve, reject });
    });
  }

  private ask(request: number, job: Job): void {
    job.attempts += 1;
    this.jobs.set(request, job);
    this.post({ kind: 'finish', path: job.path, size: job.size, request });
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
    if (answer.digest !== null) job?.resolve(answer.digest);
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
