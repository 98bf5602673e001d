import type { Platform } from '../platform/platform';
import type { ConnectionState, ConnectOptions, FerryEvent, Problem } from '../types';

/** What the application is told. An exception of its own is reported as one, and changes nothing here. */
export class Application {
  private told: ConnectionState = { phase: 'idle' };

  constructor(
    private readonly options: ConnectOptions,
    private readonly timers: Platform['timers'],
  ) {}

  /** The last one that was told. */
  get state(): ConnectionState {
    return this.told;
  }

  tell(state: ConnectionState): void {
    this.told = state;
    this.run(() => this.options.onState?.(state));
  }

  event(event: FerryEvent): void {
    this.run(() => this.options.onEvent(event));
  }

  /** Events of these topics are gone. */
  gap(topics: readonly string[]): void {
    this.run(() => this.options.onGap?.([...topics]));
  }

  /** @param topics those that are followed no more because of it */
  problem(problem: Problem, topics: string[]): void {
    this.run(() => this.options.onProblem?.(problem, topics));
  }

  private run(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.timers.after(0, () => {
        throw error;
      });
    }
  }
}
