import { TooLarge } from '../errors';
import type { ByteSource } from '../models/blobs';

interface StretchLimits {
  /** Bytes after which a stretch ends, with the piece that reaches them. */
  stretchBytes: number;
  /** Bytes that may come in all; null for any number. */
  mostBytes: number | null;
}

/**
 * A body in stretches, so that what has come is safe while the rest is on its way. A body that breaks off ends its
 * last stretch early: what has come until then counts.
 */
export class Stretches {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private total = 0;
  private finished = false;
  private cause: unknown;

  constructor(
    body: ByteSource,
    private readonly limits: StretchLimits,
  ) {
    this.pieces = body[Symbol.asyncIterator]();
  }

  /** Whether no stretch follows. */
  get ended(): boolean {
    return this.finished;
  }

  /** Why the body broke off; undefined when it came to its end. */
  get failure(): unknown {
    return this.cause;
  }

  /** @throws `TooLarge` at the first byte too many: then the stretch does not count */
  async *next(): ByteSource {
    const { stretchBytes, mostBytes } = this.limits;
    for (let length = 0; length < stretchBytes;) {
      const piece = await this.piece();
      if (!piece) return;
      length += piece.length;
      this.total += piece.length;
      if (mostBytes !== null && this.total > mostBytes) {
        this.finished = true;
        throw new TooLarge(`More than the expected ${mostBytes} bytes came.`);
      }
      yield piece;
    }
  }

  /** Lets go of the body, wherever it is. */
  async close(): Promise<void> {
    await this.pieces.return?.();
  }

  private async piece(): Promise<Uint8Array | null> {
    try {
      const result = await this.pieces.next();
      if (!result.done) return result.value;
    } catch (error) {
      this.cause = error;
    }
    this.finished = true;
    return null;
  }
}
