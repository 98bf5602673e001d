import type { Platform } from '../platform/platform';

/** One try after the other: what belongs to an earlier one is stopped, and not listened to. */
export class Turns {
  private turn = 0;
  private stops: (() => void)[] = [];

  constructor(private readonly timers: Platform['timers']) {}

  /** Begins a turn, which ends the one before. */
  next(): void {
    this.turn += 1;
    this.stop();
  }

  /** Stops what waits within this turn. */
  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Has something stopped with this turn. */
  stopLater(stop: () => void): void {
    this.stops.push(stop);
  }

  after(milliseconds: number, run: () => void): void {
    this.stopLater(this.timers.after(milliseconds, run));
  }

  /** @returns tells whether the present turn is still the present one */
  mark(): () => boolean {
    const { turn } = this;
    return () => turn === this.turn;
  }

  /** Goes on with what the work brings, unless another turn has begun meanwhile. */
  when<Result>(
    work: Promise<Result>,
    done: (result: Result) => void,
    failed: (error: unknown) => void = () => undefined,
  ): void {
    const isCurrent = this.mark();
    work.then(
      (result) => {
        if (isCurrent()) done(result);
      },
      (error: unknown) => {
        if (isCurrent()) failed(error);
      },
    );
  }
}
