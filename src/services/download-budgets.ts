import { TokenBucket } from './token-bucket';

/** A clock in milliseconds that never goes back, and alarms by it; a test passes its own. */
export interface Alarms {
  now(): number;
  /** @returns what takes the alarm back */
  after(milliseconds: number, ring: () => void): () => void;
}

interface DownloadBudgetsOptions {
  /** For each downloader, above 0. */
  bytesPerSecond: number;
  alarms?: Alarms;
}

/** Bytes that have to wait for their turn. */
interface Turn {
  bytes: number;
  go: () => void;
}

/** A piece is at most this part of a second's budget, so that bytes flow evenly and connections alternate often. */
const PIECES_PER_SECOND = 20;
const LARGEST_PIECE = 256 * 1024;

const systemAlarms: Alarms = {
  now: () => performance.now(),
  after(milliseconds, ring) {
    const timer = setTimeout(ring, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Bytes per second that each downloader gets from this process, whatever the number of their connections. What is not
 * used is saved for a second. Of the connections of one downloader the one that asked first gets its piece first, so
 * each gets as much as the others.
 */
export class DownloadBudgets {
  private readonly queues = new Map<string, Queue>();
  private readonly bytesPerSecond: number;
  private readonly alarms: Alarms;
  private readonly pieceBytes: number;

  constructor({ bytesPerSecond, alarms = systemAlarms }: DownloadBudgetsOptions) {
    this.bytesPerSecond = bytesPerSecond;
    this.alarms = alarms;
    this.pieceBytes = Math.min(LARGEST_PIECE, Math.ceil(bytesPerSecond / PIECES_PER_SECOND));
  }

  /** How many downloaders have used some of their budget lately. */
  get size(): number {
    return this.queues.size;
  }

  /**
   * The same bytes, each piece when the downloader's budget has it.
   * @param source its pieces may be valid until the next one is asked for: they are passed on before that
   * @param gone aborted when nobody waits for the bytes any more
   * @throws the reason of `gone`
   */
  async *pace(
    downloader: string,
    source: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    for await (const piece of source) {
      for (let start = 0; start < piece.length; start += this.pieceBytes) {
        const part = piece.subarray(start, start + this.pieceBytes);
        await this.queueOf(downloader).take(part.length, gone);
        yield part;
      }
    }
  }

  private queueOf(downloader: string): Queue {
    const known = this.queues.get(downloader);
    if (known) return known;
    const queue = new Queue(new TokenBucket(this.bytesPerSecond), this.alarms, () =>
      this.queues.delete(downloader),
    );
    this.queues.set(downloader, queue);
    return queue;
  }
}

/** The connections of one downloader, waiting in line at one bucket with one alarm. */
class Queue {
  private readonly turns: Turn[] = [];
  private alarm: { at: number; cancel: () => void } | null = null;

  /** @param onIdle called when nobody waits and the bucket is full, so that a new one would do as well */
  constructor(
    private readonly bucket: TokenBucket,
    private readonly alarms: Alarms,
    private readonly onIdle: () => void,
  ) {}

  /** Resolves when so many bytes may go, and those who asked before have theirs. */
  take(bytes: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.turns.splice(this.turns.indexOf(turn), 1);
        reject(gone.reason as Error);
        this.serve();
      };
      const turn = {
        bytes,
        go() {
          gone.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.turns.push(turn);
      if (gone.aborted) leave();
      else {
        gone.addEventListener('abort', leave, { once: true });
        this.serve();
      }
    });
  }

  /** Lets those go whose bytes are ready, and comes back when the next one's are, or the bucket is full. */
  private serve(): void {
    const now = this.alarms.now();
    for (let turn = this.turns[0]; turn && this.bucket.readyAt(turn.bytes) <= now; turn = this.turns[0]) {
      this.turns.shift();
      this.bucket.take(turn.bytes, now);
      turn.go();
    }
    const [next] = this.turns;
    const at = next ? this.bucket.readyAt(next.bytes) : this.bucket.full;
    if (next || at > now) this.wakeAt(at, now);
    else {
      this.sleep();
      this.onIdle();
    }
  }

  private wakeAt(at: number, now: number): void {
    if (this.alarm && this.alarm.at <= at) return;
    this.sleep();
    const cancel = this.alarms.after(Math.ceil(at - now), () => {
      this.alarm = null;
      this.serve();
    });
    this.alarm = { at, cancel };
  }

  private sleep(): void {
    this.alarm?.cancel();
    this.alarm = null;
  }
}
