/**
 * A budget of bytes per second that saves up to a second's worth: the bucket of a token bucket, kept as the one time
 * at which it will be full. The clock is the caller's, in milliseconds, and never goes back.
 */
export class TokenBucket {
  private fullAt = Number.NEGATIVE_INFINITY;

  /** @param bytesPerSecond above 0; as many bytes may go at once when the bucket is full */
  constructor(private readonly bytesPerSecond: number) {}

  /**
   * @param bytes at most a second's worth: more never is in the bucket
   * @returns the time from which on so many bytes may go; what has passed is now
   */
  readyAt(bytes: number): number {
    return this.fullAt + this.timeOf(bytes) - SECOND;
  }

  /** Takes bytes out, at or after the time at which they are ready. */
  take(bytes: number, now: number): void {
    this.fullAt = Math.max(this.fullAt, now) + this.timeOf(bytes);
  }

  /** From when on the bucket is as good as a new one, unless something is taken meanwhile. */
  get full(): number {
    return this.fullAt;
  }

  private timeOf(bytes: number): number {
    return (bytes / this.bytesPerSecond) * SECOND;
  }
}

/** Milliseconds. */
const SECOND = 1000;
