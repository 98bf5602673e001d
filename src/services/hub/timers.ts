/** What makes things happen later; a test passes its own. */
export interface Timers {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** @returns what takes it back */
  after(milliseconds: number, run: () => void): () => void;
  /** @returns what ends it */
  every(milliseconds: number, run: () => void): () => void;
}

/** Timers of Node, none of which keeps the process alive. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds).unref();
    return () => clearTimeout(timer);
  },
  every(milliseconds, run) {
    const timer = setInterval(run, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
