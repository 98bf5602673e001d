/** A transport that fails so often in a row is left for the next one. */
const FAILURES = 2;
const FIRST_TRIAL_MS = 60_000;
const LAST_TRIAL_MS = 3_600_000;

/** Which transport is used: the best that works, and now and then a trial whether a better one works by now. */
export class Ladder<Rung> {
  private at = 0;
  private failures = 0;
  /** Where to go back to when the trial fails. */
  private proven: number | null = null;
  private failedTrials = 0;

  /** @param rungs the best first; at least one */
  constructor(private readonly rungs: readonly [Rung, ...Rung[]]) {}

  get current(): Rung {
    return this.rungs[this.at] ?? this.rungs[0];
  }

  get isBest(): boolean {
    return this.at === 0;
  }

  get isOnly(): boolean {
    return this.rungs.length === 1;
  }

  get isTrial(): boolean {
    return this.proven !== null;
  }

  /** Milliseconds until a better one should be tried again. */
  get trialDelay(): number {
    return Math.min(LAST_TRIAL_MS, FIRST_TRIAL_MS * 2 ** this.failedTrials);
  }

  /** Tries the better ones in turn. */
  tryBetter(): void {
    if (this.isBest) return;
    this.proven = this.at;
    this.at = this.failedTrials % this.at;
  }

  /** Events have begun to come. */
  reached(): void {
    if (this.proven === null) return;
    this.proven = null;
    this.failedTrials = 0;
  }

  /** They have come for some time. */
  settled(): void {
    this.failures = 0;
  }

  /** @returns whether there is another transport to be used at once; after the last one comes the first, later */
  failed(): boolean {
    if (this.proven !== null) {
      this.at = this.proven;
      this.proven = null;
      this.failedTrials += 1;
      return true;
    }
    this.failures += 1;
    if (this.failures < FAILURES) return false;
    this.failures = 0;
    this.at = (this.at + 1) % this.rungs.length;
    return this.at !== 0;
  }
}
