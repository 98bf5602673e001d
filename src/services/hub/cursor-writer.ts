import type { Position } from '../../models/eventlog';
import type { CursorMarks } from './cursor-marks';
import { encodeCursor, epochFingerprint, topicFingerprint, type Mark } from './cursors';

/** What a list has that cursors refer to. */
interface Base {
  key: string;
  marks: Mark[];
  kept: Promise<boolean>;
}

/** Beyond so many changes the next list is begun, to be there before it is needed. */
const MANY_CHANGES = 8;

/** Writes cursors over the same topics again and again, as they move on. */
export class CursorWriter {
  private readonly fingerprints: number[];
  private readonly epochs = new Map<string, string>();
  private base: Base | null = null;
  private next: Base | null = null;

  /** @param topics in the order of the positions */
  constructor(
    topics: readonly string[],
    private readonly store: CursorMarks,
  ) {
    this.fingerprints = topics.map(topicFingerprint);
  }

  /** The cursor of these positions, one for each topic. */
  write(positions: readonly Position[]): string {
    const marks = positions.map(({ epoch, offset }, index): Mark => {
      return { topic: this.fingerprints[index] ?? 0, epoch: this.epochOf(epoch), offset };
    });
    return encodeCursor({ kind: 'whole', marks }) ?? this.refer(marks);
  }

  /** Resolves once clients may come back with what was written. */
  async settled(): Promise<void> {
    await this.base?.kept;
  }

  private refer(marks: Mark[]): string {
    const changes = this.base && changesOf(this.base.marks, marks);
    if (!this.base || changes === null) return this.begin(marks);
    if (changes.length >= MANY_CHANGES) this.prepare(marks);
    return encodeCursor({ kind: 'reference', key: this.base.key, changes }) ?? this.begin(marks);
  }

  private begin(marks: Mark[]): string {
    this.next = null;
    this.base = this.keep(marks);
    return encodeCursor({ kind: 'reference', key: this.base.key, changes: [] }) ?? '';
  }

  /** Cursors refer to the next list once it is kept: until then a client could come back too early. */
  private prepare(marks: Mark[]): void {
    if (this.next) return;
    const next = this.keep(marks);
    this.next = next;
    void next.kept.then((kept) => {
      if (this.next !== next) return;
      this.next = null;
      if (kept) this.base = next;
    });
  }

  private keep(marks: Mark[]): Base {
    return { marks, ...this.store.keep(marks) };
  }

  private epochOf(epoch: string): string {
    const known = this.epochs.get(epoch);
    if (known !== undefined) return known;
    // Epochs change rarely; what is remembered stays as small as that.
    if (this.epochs.size > this.fingerprints.length) this.epochs.clear();
    const fingerprint = epochFingerprint(epoch);
    this.epochs.set(epoch, fingerprint);
    return fingerprint;
  }
}

/** @returns null when the lists differ in more than offsets */
function changesOf(before: readonly Mark[], after: readonly Mark[]): [number, number][] | null {
  const changes: [number, number][] = [];
  for (const [index, { epoch, offset }] of after.entries()) {
    const old = before[index];
    if (old?.epoch !== epoch) return null;
    if (old.offset !== offset) changes.push([index, offset]);
  }
  return changes;
}
