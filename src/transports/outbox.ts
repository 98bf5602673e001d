// Imported rather than global, so that delivery goes on where a test has replaced the global timers.
import { setImmediate } from 'node:timers';

/** What of a socket, or of a response, is used here. */
interface Target {
  readonly writableLength: number;
  write(bytes: Buffer, done: () => void): boolean;
}

/** Writes out at the end of a turn what the connections of one transport got in it. */
export class Flusher {
  private dirty: Outbox[] = [];

  add(outbox: Outbox): void {
    if (this.dirty.push(outbox) === 1) setImmediate(() => this.flush());
  }

  private flush(): void {
    const { dirty } = this;
    this.dirty = [];
    for (const outbox of dirty) outbox.flush();
  }
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
    const [first] = this.pieces;
    if (!first) return;
    const all = this.pieces.length === 1 ? first : Buffer.concat(this.pieces, this.bytes);
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
