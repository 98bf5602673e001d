import { Conflict, OffsetMismatch } from '../errors';
import type { BlobStore, ByteSource } from '../models/blobs';
import type { KeyValueStore } from '../models/keyvalue';
import type { SqlStore, Tables, UploadRecord } from '../models/sql';
import { alone } from './alone';
import { checkedSource, type ExpectedDigest } from './checked-source';
import { prefixLength } from './chunk-grid';
import { interruptible } from './interruptible';
import { Interrupts } from './interrupts';
import type { Ledger } from './ledger';
import { Stretches } from './stretches';

/** Below the time that a request body may stand still, so that the one who waits gets an answer. */
const WAIT_MS = 20_000;
/** Bytes of an appended body that are made safe at once. */
const STRETCH_BYTES = 8 * 1024 * 1024;

interface AppendsOptions {
  sql: SqlStore;
  blobs: BlobStore;
  keyvalue: KeyValueStore;
  ledger: Ledger;
}

/** What comes at the end of an upload. */
export interface Appendix {
  /** Where the sender believes the end to be. */
  offset: number;
  body: ByteSource;
  /** Bytes of the body, when it says so. */
  length: number | null;
  digests: ExpectedDigest[];
}

/** What whoever appends has to say while it goes on. */
export interface AppendRules {
  /** Called once the offset is known to be right. @returns the upload as it is from then on */
  begin: () => Promise<UploadRecord>;
  /** Asked within the transaction that records bytes up to `end`; throws when there may not be so many. */
  admit: (tables: Tables, end: number) => Promise<void>;
  /** Told when all bytes up to `end` are safe and more may come. */
  onSafe?: ((end: number) => void) | undefined;
}

interface Appending {
  /** Aborted when others may be at work. */
  lost: AbortSignal;
  rules: AppendRules;
}

/** Bytes that come at the end of what is there, from one sender at a time: the newest. */
export class Appends {
  private readonly senders = new Interrupts();

  constructor(private readonly options: AppendsOptions) {}

  /**
   * Takes a body at the end of what is there, and makes it safe stretch by stretch: should it break off, what has come
   * until then counts. With a digest, all of it counts or nothing. Another sender who is under way is interrupted.
   * @returns where the next byte belongs
   * @throws `OffsetMismatch`, `Conflict` when the upload was filled out of order, `Busy` when another sender took over,
   *   what the rules throw, and those of `Ledger.receive`
   */
  append(uploadId: string, appendix: Appendix, rules: AppendRules): Promise<number> {
    return this.senders.superseding(uploadId, (superseded) =>
      this.alone(uploadId, async (lost) => {
        const received = await this.options.sql.extents.listOf(uploadId);
        const end = prefixLength(received);
        if (received.length > 1) throw new Conflict('This upload is filled out of order, chunk by chunk.');
        if (appendix.offset !== end) throw new OffsetMismatch(end);
        const upload = await rules.begin();
        const body = interruptible(appendix.body, AbortSignal.any([lost, superseded]));
        return appendix.digests.length > 0
          ? this.appendWhole(upload, { ...appendix, body }, { lost, rules })
          : this.appendStretches(upload, { ...appendix, body }, { lost, rules });
      }),
    );
  }

  /**
   * Where the next byte belongs once nobody is sending: a sender who is under way is interrupted.
   * @throws `Busy` when another process goes on sending
   */
  settledEnd(uploadId: string): Promise<number> {
    return this.senders.superseding(uploadId, () =>
      this.alone(uploadId, async () => prefixLength(await this.options.sql.extents.listOf(uploadId))),
    );
  }

  /** Tells a sender who is under way to stop. */
  interrupt(uploadId: string): void {
    this.senders.interrupt(uploadId);
  }

  private async appendWhole(
    upload: UploadRecord,
    { offset, body, length, digests }: Appendix,
    { lost, rules }: Appending,
  ): Promise<number> {
    const { ledger, blobs } = this.options;
    const source = checkedSource(body, { length, most: length ?? room(upload, offset), digests });
    const count = await ledger.onPart(upload, () => blobs.writePart(upload.id, offset, source));
    lost.throwIfAborted();
    await ledger.record(upload, { start: offset, end: offset + count }, rules.admit);
    return offset + count;
  }

  private async appendStretches(
    upload: UploadRecord,
    { offset, body }: Appendix,
    { lost, rules }: Appending,
  ): Promise<number> {
    const { ledger, blobs } = this.options;
    const stretches = new Stretches(body, {
      stretchBytes: STRETCH_BYTES,
      mostBytes: room(upload, offset),
    });
    try {
      for (let start = offset; ;) {
        const from = start;
        start += await ledger.onPart(upload, () => blobs.writePart(upload.id, from, stretches.next()));
        lost.throwIfAborted();
        await ledger.record(upload, { start: from, end: start }, rules.admit);
        if (stretches.failure) throw stretches.failure as Error;
        if (stretches.ended) return start;
        rules.onSafe?.(start);
      }
    } finally {
      await stretches.close();
    }
  }

  private alone<T>(uploadId: string, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    return alone(this.options.keyvalue, `append:${uploadId}`, WAIT_MS, work);
  }
}

/** Bytes that may still come after the offset; null for any number. */
function room(upload: UploadRecord, offset: number): number | null {
  return upload.sizeDeferred ? null : upload.size - offset;
}
