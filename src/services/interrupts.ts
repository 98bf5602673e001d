import { Busy } from '../errors';

/**
 * Who is at work on what in this process, so that a newcomer can make them stop: a client whose connection broke comes
 * back at once, while its old request still waits for bytes that never come.
 */
export class Interrupts {
  private readonly workers = new Map<string, AbortController>();

  /**
   * Does `work` after telling whoever works under the same key to stop; it does not wait for that.
   * @param work gets a signal that is aborted, with a `Busy`, when somebody else comes
   */
  async superseding<T>(key: string, work: (superseded: AbortSignal) => Promise<T>): Promise<T> {
    this.interrupt(key);
    const worker = new AbortController();
    this.workers.set(key, worker);
    try {
      return await work(worker.signal);
    } finally {
      if (this.workers.get(key) === worker) this.workers.delete(key);
    }
  }

  /** Tells whoever works under the key to stop. */
  interrupt(key: string): void {
    this.workers.get(key)?.abort(new Busy('Another request has taken over this upload.'));
  }
}
