import type { ContentStore } from '../models/content';
import type { Clock } from './runtime';
import type { Trash } from './trash';

/** Whatever began so long ago has ended or was cut off: no call of a store takes that long. */
const CUT_OFF_MS = 10 * 60 * 1000;

interface ContentUpkeepOptions {
  content: ContentStore;
  trash: Trash;
  /** How long deleted documents can be restored. */
  trashMs: number;
  now: Clock;
}

/** Empties the trash and finishes what crashes cut off among documents and comments. */
export class ContentUpkeep {
  constructor(private readonly options: ContentUpkeepOptions) {}

  /** One round; several processes may do it at once. */
  async run(): Promise<{ purgedDocuments: number; repairedCounts: number }> {
    const { content, trash, trashMs, now } = this.options;
    const at = now().getTime();
    const purgedDocuments = await trash.purgeOld(new Date(at - trashMs));
    return { purgedDocuments, repairedCounts: await content.repair(new Date(at - CUT_OFF_MS)) };
  }
}
