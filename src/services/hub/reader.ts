import type { Position } from '../../models/eventlog';
import { CursorWriter } from './cursor-writer';
import type { Feed } from './feed';
import type { Entry, Message } from './messages';

/** Events of each topic that are looked at in one go. */
const BATCH = 100;

/** Reads on in a feed from given positions until it is where the feed is. The topics are merged by time. */
export class Reader {
  /** After what was taken. */
  readonly positions: Position[];
  private readonly writer: CursorWriter;
  private batches: Entry[][];

  constructor(
    private readonly feed: Feed,
    positions: readonly Position[],
  ) {
    this.positions = [...positions];
    this.batches = positions.map(() => []);
    this.writer = new CursorWriter(feed.topics, feed.marks);
  }

  get cursor(): string {
    return this.writer.write(this.positions);
  }

  /** Resolves once clients may come back with the cursors that were made here. */
  settled(): Promise<void> {
    return this.writer.settled();
  }

  /** Whether nothing is left that the feed has had. */
  get caughtUp(): boolean {
    return this.positions.every(({ epoch, offset }, place) => {
      const at = this.feed.positions[place];
      return at?.epoch === epoch && at.offset === offset;
    });
  }

  /**
   * Gets events ready to be taken.
   * @returns false when they are not all there any more: the history has a gap
   * @throws `Unavailable`
   */
  async fill(): Promise<boolean> {
    const batches: Entry[][] = [];
    for (const [place, position] of this.positions.entries()) {
      const batch = await this.batch(place, position);
      if (batch === null) return false;
      batches.push(batch);
    }
    this.batches = batches;
    return true;
  }

  /** The next event; undefined when it is time to fill again. */
  take(): Message | undefined {
    let first = -1;
    for (const [place, [entry]] of this.batches.entries()) {
      const best = this.batches[first]?.[0];
      if (entry && (!best || entry.event.time < best.event.time)) first = place;
    }
    const entry = this.batches[first]?.shift();
    if (!entry) return undefined;
    this.positions[first] = entry.event.position;
    // Where the batch was a full one there may be more of this topic, older than what the others have.
    if (this.batches[first]?.length === 0 && !this.isAtEnd(first)) this.batches = this.batches.map(() => []);
    return this.feed.messageOf(entry, this);
  }

  private isAtEnd(place: number): boolean {
    return this.positions[place]?.offset === this.feed.positions[place]?.offset;
  }

  private async batch(place: number, position: Position): Promise<Entry[] | null> {
    const channel = this.feed.channels[place];
    if (channel?.last.epoch !== position.epoch || position.offset > channel.last.offset) return null;
    const recent = channel.recent(position.offset, BATCH);
    if (recent) return recent;
    const read = await channel.read(position, BATCH);
    // The log may be further than the feed, which then brings the rest itself.
    const { epoch, offset } = channel.last;
    if (!read || epoch !== position.epoch) return null;
    return read.filter(({ event }) => event.position.offset <= offset);
  }
}
