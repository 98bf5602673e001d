// Imported rather than global, so that delivery goes on where a test has replaced the global timers.
import { setImmediate } from 'node:timers';

/** What of a socket, or of a response, is used here. */
interface Target {
  readonly writableLength: number;
  write(bytes: Buffer, done: () => void): boolean;
}

/**
 * Writes out at the end of a turn what the connections of one transport got in it. Most of them got the same, which is
 * joined once.
 * @typeParam Piece one event as the transport writes it
 */
export class Flusher<Piece = Buffer> {
  private dirty: { flush(): void }[] = [];
  private last: { pieces: readonly Piece[]; joined: Piece } | null = null;

  constructor(private readonly concat: (pieces: readonly Piece[]) => Piece) {}

  add(outbox: { flush(): void }): void {
    if (this.dirty.push(outbox) === 1) setImmediate(() => this.flush());
  }

  join(pieces: readonly Piece[]): Piece {
    const { last } = this;
    if (
      last?.pieces.length === pieces.length &&
      pieces.every((piece, place) => piece === last.pieces[place])
    ) {
      return last.joined;
    }
    const [only] = pieces;
    const joined = only !== undefined && pieces.length === 1 ? only : this.concat(pieces);
    this.last = { pieces, joined };
    return joined;
  }

  private flush(): void {
    const { dirty } = this;
    this.dirty = [];
    for (const outbox of dirty) outbox.flush();
    this.last = null;
  }
}

/** A flusher of transports that write bytes. */
export function byteFlusher(): Flusher {
  return new Flusher((pieces) => Buffer.concat(pieces));
}

/** What one connection is sent: all that comes in one turn goes out in one write. */
export class Outbox {
  private pieces: Buffer[] = [];
  private bytes = 0;
  private writing = 0;
  private drained: (() => void) | null = null;

  constructor(
    private readonly target: Target,
    private readonly flusher: Flusher,
  ) {}

  /** Bytes that have not left the process. */
  get unsent(): number {
    return this.bytes + this.target.writableLength;
  }

  push(piece: Buffer): void {
    if (this.pieces.push(piece) === 1) this.flusher.add(this);
    this.bytes += piece.length;
  }

  flush(): void {
    if (this.pieces.length === 0) return;
    const all = this.flusher.join(this.pieces);
    this.pieces = [];
    this.bytes = 0;
    this.writing += 1;
    this.target.write(all, () => {
      this.writing -= 1;
      this.tellDrained();
    });
  }

  /** Calls back, once, when everything has left. */
  whenDrained(resume: () => void): void {
    this.drained = resume;
    this.flush();
    if (this.writing === 0) setImmediate(() => this.tellDrained());
  }

  private tellDrained(): void {
    if (this.writing > 0 || this.pieces.length > 0) return;
    const { drained } = this;
    this.drained = null;
    drained?.();
  }
}
