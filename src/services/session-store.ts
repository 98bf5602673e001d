import { createHash, randomBytes } from 'node:crypto';
import type { KeyValueStore } from '../models/keyvalue';

/** What is kept for the session ids of browsers. */
export interface SessionStore {
  /** 256 random bits in base64url. */
  newId(): string;
  /** @returns null for an id that is not there */
  read(id: string): Promise<object | null>;
  /**
   * Only a new id makes an entry; another one that is not there any more, because of a sign-out meanwhile, stays away.
   * @param options.isNew whether the id was made for this write
   */
  write(id: string, session: object, options: { ttlMs: number; isNew: boolean }): Promise<void>;
  remove(id: string): Promise<void>;
}

/** The sessions by the digests of their ids: who reads the store cannot use what it says. */
export function createSessionStore(keyvalue: KeyValueStore): SessionStore {
  const keyOf = (id: string) => `session:${createHash('sha256').update(id).digest('hex')}`;
  return {
    newId: () => randomBytes(32).toString('base64url'),

    async read(id) {
      const text = await keyvalue.get(keyOf(id));
      return text === null ? null : (JSON.parse(text) as object);
    },

    async write(id, session, { ttlMs, isNew }) {
      const only = isNew ? 'if-absent' : 'if-present';
      await keyvalue.set(keyOf(id), JSON.stringify(session), { ttlMs, only });
    },

    async remove(id) {
      await keyvalue.delete(keyOf(id));
    },
  };
}
