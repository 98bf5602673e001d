import { z } from 'zod';
import type { KeyValueStore } from '../../models/keyvalue';
import type { Log } from '../runtime';
import { keyOfMarks, type Mark } from './cursors';

/** How long a client may stay away with a cursor that does not hold all its places itself. */
const LIFETIME_MS = 2 * 24 * 60 * 60 * 1000;

const shape = z.array(z.object({ topic: z.number(), epoch: z.string(), offset: z.number() }));

/** Lists of marks that are too long for a cursor, which then names them. */
export class CursorMarks {
  constructor(private readonly options: { keyvalue: KeyValueStore; log: Log }) {}

  /**
   * Begins to keep a list. When it cannot be kept, clients that come back with it are told that they missed something.
   * @returns its name, and what ends once it is kept; it never fails
   */
  keep(marks: readonly Mark[]): { key: string; kept: Promise<boolean> } {
    const { keyvalue, log } = this.options;
    const key = keyOfMarks(marks);
    const kept = keyvalue
      .set(placeOf(key), JSON.stringify(marks), { ttlMs: LIFETIME_MS })
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the places of a cursor were not kept');
        return false;
      });
    return { key, kept };
  }

  /** @returns null when it is not there, or no longer @throws `Unavailable` */
  async find(key: string): Promise<Mark[] | null> {
    const text = await this.options.keyvalue.get(placeOf(key));
    return text === null ? null : shape.parse(JSON.parse(text));
  }
}

function placeOf(key: string): string {
  return `cursor:${key}`;
}
