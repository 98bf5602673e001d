import { randomBytes } from 'node:crypto';
import type { Model, QueryFilter, UpdateQuery } from 'mongoose';
import type { Counting } from './schemas';

/**
 * Counts that agree with what is counted, without transactions over several records.
 *
 * Whoever adds or removes something first writes an entry into `pending` of the record that counts it, then does it,
 * signing what is changed with the attempt, and then, in one step, changes the count and takes the entry out. After a
 * crash in between, the entry and the signature tell whether the count has still to change; whoever finds out does that one
 * step, and it cannot be done twice.
 */
export type Entry = `${'+' | '-'}${string}~${string}`;

/** @returns an entry of its own, and the attempt to sign with */
export function newEntry(sign: '+' | '-', id: string): { entry: Entry; attempt: string } {
  const attempt = randomBytes(12).toString('hex');
  return { entry: `${sign}${id}~${attempt}`, attempt };
}

/** @returns what the entry is about, and the attempt that signed it */
export function readEntry(entry: string): { id: string; attempt: string } {
  const [id = '', attempt = ''] = entry.slice(1).split('~');
  return { id, attempt };
}

type Counted<Field extends string> = Counting & { _id: string } & Record<Field, number>;

export class Counts<Field extends string, T extends Counted<Field>> {
  constructor(
    private readonly records: Model<T>,
    private readonly field: Field,
  ) {}

  /**
   * Announces a change.
   * @param filter what has to be true of the record
   * @returns whether the record is there, and like that
   */
  async begin(id: string, entry: Entry, filter: QueryFilter<T> = {}): Promise<boolean> {
    const update = { $push: { pending: entry }, $set: { pendingAt: new Date() } };
    const { matchedCount } = await this.records.updateOne({ ...filter, _id: id } as QueryFilter<T>, update);
    return matchedCount > 0;
  }

  /** The change was made, or was not. Only the first call for an entry has an effect. */
  async settle(id: string, entry: Entry, happened: boolean): Promise<void> {
    const by = entry.startsWith('+') ? 1 : -1;
    const update = { $pull: { pending: entry }, ...(happened && { $inc: { [this.field]: by } }) };
    await this.records.updateOne(
      { _id: id, pending: entry } as unknown as QueryFilter<T>,
      update as unknown as UpdateQuery<T>,
    );
  }

  /** Records in which something is announced. */
  async unsettled(limit: number): Promise<(Counting & { _id: string })[]> {
    const filter = { pending: { $gt: '' } } as unknown as QueryFilter<T>;
    const found = await this.records
      .find(filter, { pending: 1, pendingAt: 1 })
      .limit(limit)
      .lean<(Counting & { _id: string })[]>();
    return found;
  }
}
