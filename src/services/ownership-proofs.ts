import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Forbidden, RateLimited } from '../errors';
import type { BlobReader, BlobStore } from '../models/blobs';
import type { KeyValueStore } from '../models/keyvalue';
import type { SqlStore, UploadRecord } from '../models/sql';
import type { Clock } from './runtime';

const LIFETIME_MS = 60_000;
const RANGES = 8;
const RANGE_BYTES = 64 * 1024;
const MOST_WRONG = 10;
const WRONG_WINDOW_MS = 60 * 60 * 1000;

/** Where bytes lie that somebody who has the content can show. In bytes. */
export type ProofRange = [offset: number, length: number];

/** What somebody has to answer who says that they have a content: HMAC-SHA256(nonce, bytes) of each range. */
export interface Challenge {
  nonce: string;
  ranges: ProofRange[];
  expiresAt: Date;
}

const held = z.object({
  nonce: z.string(),
  ranges: z.array(z.tuple([z.number(), z.number()])),
  sha256: z.string(),
});

interface OwnershipProofsOptions {
  sql: Pick<SqlStore, 'blobs'>;
  blobs: Pick<BlobStore, 'openBlob'>;
  keyvalue: KeyValueStore;
  now: Clock;
}

/**
 * Lets somebody have content that is stored already without sending it, if they can show that they have it. Knowing its
 * hash is not enough: hashes are published, logged and guessed.
 */
export class OwnershipProofs {
  constructor(private readonly options: OwnershipProofsOptions) {}

  /** @returns null when there is nothing to prove: the content is not here, or the user was wrong too often */
  async challenge(upload: UploadRecord): Promise<Challenge | null> {
    const { sql, keyvalue, now } = this.options;
    const { declaredSha256: sha256, size } = upload;
    if (sha256 === null || size === 0) return null;
    const blob = await sql.blobs.find(sha256);
    if (blob?.size !== size || blob.references === 0) return null;
    if (Number((await keyvalue.get(wrongKey(upload))) ?? 0) >= MOST_WRONG) return null;
    const nonce = randomBytes(32).toString('base64url');
    const ranges = randomRanges(size);
    const entry: z.infer<typeof held> = { nonce, ranges, sha256 };
    await keyvalue.set(challengeKey(upload), JSON.stringify(entry), { ttlMs: LIFETIME_MS });
    return { nonce, ranges, expiresAt: new Date(now().getTime() + LIFETIME_MS) };
  }

  /**
   * Checks the answers to a challenge, which can be tried once.
   * @param answers in lower-case hexadecimal, in the order of the ranges
   * @returns the SHA-256 of the content that is proven
   * @throws `Forbidden` when an answer is wrong or there is no challenge, `RateLimited` after too many wrong ones
   */
  async verify(upload: UploadRecord, answers: string[]): Promise<string> {
    const { keyvalue } = this.options;
    const text = await keyvalue.get(challengeKey(upload));
    if (text === null || !(await keyvalue.compareAndSet(challengeKey(upload), text, null)))
      throw new Forbidden('There is nothing to prove, or no time is left for it: send the bytes.');
    const { nonce, ranges, sha256 } = held.parse(JSON.parse(text));
    if (await this.answered(sha256, nonce, ranges, answers)) return sha256;
    const wrong = await keyvalue.increment(wrongKey(upload), 1, WRONG_WINDOW_MS);
    if (wrong > MOST_WRONG)
      throw new RateLimited('Too many wrong answers: send the bytes.', WRONG_WINDOW_MS / 1000);
    throw new Forbidden('The answers are wrong: send the bytes.');
  }

  private async answered(
    sha256: string,
    nonce: string,
    ranges: ProofRange[],
    answers: string[],
  ): Promise<boolean> {
    if (answers.length !== ranges.length) return false;
    const reader = await this.options.blobs.openBlob(sha256);
    try {
      for (const [i, range] of ranges.entries()) {
        const expected = await proofOf(reader, nonce, range);
        const answer = Buffer.from(answers[i] ?? '', 'hex');
        if (answer.length !== expected.length || !timingSafeEqual(answer, expected)) return false;
      }
      return true;
    } finally {
      await reader.close();
    }
  }
}

async function proofOf(reader: BlobReader, nonce: string, [offset, length]: ProofRange): Promise<Buffer> {
  const hmac = createHmac('sha256', nonce);
  for await (const piece of reader.read(offset, offset + length)) hmac.update(piece);
  return hmac.digest();
}

/** Some places that nobody can foresee; all of a content that is small. */
function randomRanges(size: number): ProofRange[] {
  if (size <= RANGES * RANGE_BYTES) return [[0, size]];
  return Array.from({ length: RANGES }, () => [randomOffset(size - RANGE_BYTES), RANGE_BYTES]);
}

/** `randomInt` reaches up to 2^48: beyond 256 TiB some places are never asked for. */
function randomOffset(last: number): number {
  return randomInt(Math.min(last + 1, 2 ** 48 - 1));
}

const challengeKey = ({ id }: UploadRecord) => `proof:${id}`;
const wrongKey = ({ ownerId }: UploadRecord) => `proof-wrong:${ownerId}`;
