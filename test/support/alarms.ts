import type { Alarms } from '../../src/services/download-budgets';

/** A clock that stands still until it is set, so that nothing depends on how fast the machine is. */
export class StillAlarms implements Alarms {
  private time = 0;
  private readonly waiting = new Map<() => void, number>();

  now(): number {
    return this.time;
  }

  after(milliseconds: number, ring: () => void): () => void {
    this.waiting.set(ring, this.time + milliseconds);
    return () => this.waiting.delete(ring);
  }

  /** How many alarms are set. */
  get size(): number {
    return this.waiting.size;
  }

  /** Lets time go by, alarm after alarm; what each one starts may go on before the next. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...this.waiting].sort(([, a], [, b]) => a - b);
      if (!next || next[1] > end) break;
      const [ring, at] = next;
      this.waiting.delete(ring);
      this.time = at;
      ring();
    }
    this.time = end;
  }
}
