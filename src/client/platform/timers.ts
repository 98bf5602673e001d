import type { Timers } from './platform';

interface Clock {
  setTimeout: (run: () => void, milliseconds: number) => unknown;
  clearTimeout: (timer: unknown) => void;
}

/** The timers that browsers, Node and mini-programs have alike. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const clock = globalThis as unknown as Clock;
    const timer = clock.setTimeout(run, milliseconds);
    return () => clock.clearTimeout(timer);
  },
};
