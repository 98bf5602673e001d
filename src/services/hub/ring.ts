import type { Position } from '../../models/eventlog';
import type { Entry } from './messages';

/** The last events of one topic in one epoch, without a gap. */
export class Ring {
  private entries: Entry[] = [];

  /** @param last where the topic is: of the last event of the ring, once there is one */
  constructor(
    private readonly capacity: number,
    public last: Position,
  ) {}

  /** Whether it is the event that comes next. */
  continues({ epoch, offset }: Position): boolean {
    return epoch === this.last.epoch && offset === this.last.offset + 1;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.last = entry.event.position;
    // Trimmed in steps, so that a push seldom moves the others.
    if (this.entries.length >= 2 * this.capacity) this.entries = this.entries.slice(-this.capacity);
  }

  /** The events after the offset, at most `limit`; null when some of them are not here any more. */
  after(offset: number, limit: number): Entry[] | null {
    const first = this.last.offset - this.entries.length;
    if (offset < first) return null;
    return this.entries.slice(offset - first, offset - first + limit);
  }
}
