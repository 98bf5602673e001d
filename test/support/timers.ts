import type { Timers } from '../../src/services/hub/timers';

/** Timers that go on when told to. */
export class FakeTimers implements Timers {
  private at = 0;
  private readonly alarms = new Set<{ due: number; every: number | null; run: () => void }>();

  now(): number {
    return this.at;
  }

  after(milliseconds: number, run: () => void): () => void {
    return this.set(milliseconds, null, run);
  }

  every(milliseconds: number, run: () => void): () => void {
    return this.set(milliseconds, milliseconds, run);
  }

  /** Lets so much time pass. */
  pass(milliseconds: number): void {
    const end = this.at + milliseconds;
    for (;;) {
      const [next] = [...this.alarms].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.at = next.due;
      if (next.every === null) this.alarms.delete(next);
      else next.due += next.every;
      next.run();
    }
    this.at = end;
  }

  private set(milliseconds: number, every: number | null, run: () => void): () => void {
    const alarm = { due: this.at + milliseconds, every, run };
    this.alarms.add(alarm);
    return () => this.alarms.delete(alarm);
  }
}
