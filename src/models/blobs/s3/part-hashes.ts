import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { NotFound } from '../../../errors';
import { RecentlyUsed } from '../../../bytes/recently-used';
import type { PartHashes } from '../index';
import type { Bucket } from './bucket';
import type { PartObjects, SealedPart } from './part-objects';
import { readSegments } from './reading';
import { clipped, contiguousEnd, joined, sameSegments, type Segment } from './segments';

const MIB = 1024 * 1024;
/** Bytes that are worth requests of their own while a part fills. */
const WORTH_READING = 4 * MIB;
/** Parts of which the beginning is known at a time. */
const MOST_PARTS = 1000;

/** The hashes of the beginning of a part. */
class Prefix {
  sha256: Hash = createHash('sha256');
  crc32 = 0;
  length = 0;
  /** The very bytes that were hashed. */
  segments: Segment[] = [];
  /** How far bytes are said to be final. */
  target = 0;
  /** Ends when nobody works on it. */
  working: Promise<unknown> = Promise.resolve();
  isBehind = false;

  /** Hashes on, up to `end`. Should it break off, what was hashed until then counts. */
  async advance(bucket: Bucket, segments: Segment[], end: number): Promise<void> {
    const begun = this.length;
    try {
      for await (const piece of readSegments(bucket, segments, begun, end)) {
        this.sha256.update(piece);
        this.crc32 = crc32(piece, this.crc32);
        this.length += piece.length;
      }
    } finally {
      this.segments = joined([...this.segments, ...clipped(segments, begun, this.length)]);
    }
  }

  startOver(): void {
    this.sha256 = createHash('sha256');
    this.crc32 = 0;
    this.length = 0;
    this.segments = [];
  }

  /** Whether it is of the bytes that are there now. */
  isOf(segments: Segment[]): boolean {
    return sameSegments(this.segments, joined(clipped(segments, 0, this.length)));
  }
}

/**
 * SHA-256 and CRC-32 of parts, read back from the storage while they fill, because other processes may have written
 * what this one did not see. The pieces that arrive from the network are small, so that hashing them holds nobody up.
 */
export class HashedParts {
  private readonly prefixes = new RecentlyUsed<Prefix>(MOST_PARTS, () => 1);
  private closed = false;

  constructor(
    private readonly bucket: Bucket,
    private readonly parts: PartObjects,
  ) {}

  /** Bytes [0, end) are final: hashes them in the background. What fails is done when the hashes are asked for. */
  advance(id: string, end: number): void {
    const prefix = this.prefixOf(id);
    prefix.target = Math.max(prefix.target, end);
    if (prefix.isBehind || this.closed || prefix.target - prefix.length < WORTH_READING) return;
    prefix.isBehind = true;
    this.alone(prefix, async () => {
      while (!this.closed && prefix.target - prefix.length >= WORTH_READING) {
        const range = { start: prefix.length, end: prefix.target };
        const segments = await this.parts.segments(id, range);
        const there = Math.min(contiguousEnd(segments, prefix.length), prefix.target);
        if (there === prefix.length) return;
        await prefix.advance(this.bucket, segments, there);
      }
    })
      .catch(() => undefined)
      .finally(() => (prefix.isBehind = false));
  }

  /**
   * The hashes of the part's first `size` bytes, and which these are.
   * @throws `NotFound` when there are not so many
   */
  finish(id: string, size: number): Promise<PartHashes & { sealed: SealedPart }> {
    const prefix = this.prefixOf(id);
    return this.alone(prefix, async () => {
      const segments = joined(clipped(await this.parts.segments(id), 0, size));
      const there = contiguousEnd(segments, 0);
      if (there < size) throw new NotFound(`The part ends at ${there} instead of ${size}.`);
      if (prefix.length > size || !prefix.isOf(segments)) prefix.startOver();
      await prefix.advance(this.bucket, segments, size);
      const sha256 = prefix.sha256.copy().digest('hex');
      return { sha256, crc32: prefix.crc32, sealed: { size, segments } };
    });
  }

  forget(id: string): void {
    this.prefixes.delete(id);
  }

  close(): void {
    this.closed = true;
  }

  private prefixOf(id: string): Prefix {
    const known = this.prefixes.get(id);
    if (known) return known;
    const prefix = new Prefix();
    this.prefixes.set(id, prefix);
    return prefix;
  }

  /** One after the other. */
  private alone<T>(prefix: Prefix, work: () => Promise<T>): Promise<T> {
    const done = prefix.working.then(work, work);
    prefix.working = done.catch(() => undefined);
    return done;
  }
}
