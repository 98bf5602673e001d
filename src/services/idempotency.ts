import { createHash } from 'node:crypto';
import { Conflict, IdempotencyMismatch } from '../errors';
import type { IdempotencyRecord, SqlStore, StoredAnswer } from '../models/sql';
import { newId } from './ids';
import type { Clock } from './runtime';

const DAY_MS = 24 * 60 * 60 * 1000;
/** After so long without an answer the first request is taken for dead. */
const ABANDONED_MS = 60_000;

/** What to do with a request that carries a key. */
export type IdempotentTurn =
  /** Do the work, under this id; the same one when an earlier try died half-way. */
  { kind: 'first'; resourceId: string } | { kind: 'repeated'; answer: StoredAnswer };

/** `Idempotency-Key`: the same request from the same user within a day gets the first answer again. */
export interface Idempotency {
  /**
   * @param request what makes the request this one: method, path, body
   * @throws `IdempotencyMismatch` when the key came with another request, `Conflict` while the first is at work
   */
  begin(ownerId: string, key: string, request: unknown): Promise<IdempotentTurn>;
  /** Keeps the answer for repetitions. */
  finish(ownerId: string, key: string, answer: StoredAnswer): Promise<void>;
  /** Forgets a request that failed, so that it can be tried again. */
  abandon(ownerId: string, key: string): Promise<void>;
}

export function createIdempotency({ sql, now }: { sql: SqlStore; now: Clock }): Idempotency {
  async function resume(record: IdempotencyRecord, fingerprint: string): Promise<IdempotentTurn> {
    if (record.fingerprint !== fingerprint) {
      throw new IdempotencyMismatch('This Idempotency-Key came with another request; use a new key.');
    }
    if (record.answer) return { kind: 'repeated', answer: record.answer };
    const at = now();
    const abandoned = at.getTime() - record.startedAt.getTime() > ABANDONED_MS;
    if (abandoned && (await sql.idempotency.takeOver(record.ownerId, record.key, record.startedAt, at))) {
      return { kind: 'first', resourceId: record.resourceId };
    }
    throw new Conflict('The first request with this Idempotency-Key is still at work.', {
      headers: { 'Retry-After': '1' },
    });
  }

  return {
    async begin(ownerId, key, request) {
      const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('hex');
      const at = now();
      const known = await sql.idempotency.find(ownerId, key);
      if (known && known.expiresAt > at) return resume(known, fingerprint);
      if (known) await sql.idempotency.delete(ownerId, key);
      const record: IdempotencyRecord = {
        ownerId,
        key,
        fingerprint,
        resourceId: newId(),
        answer: null,
        startedAt: at,
        expiresAt: new Date(at.getTime() + DAY_MS),
      };
      try {
        await sql.idempotency.insert(record);
      } catch (error) {
        const raced = error instanceof Conflict ? await sql.idempotency.find(ownerId, key) : null;
        if (!raced) throw error;
        return resume(raced, fingerprint);
      }
      return { kind: 'first', resourceId: record.resourceId };
    },

    finish: (ownerId, key, answer) => sql.idempotency.answer(ownerId, key, answer),
    abandon: (ownerId, key) => sql.idempotency.delete(ownerId, key),
  };
}
