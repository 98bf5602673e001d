import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { Conflict, Gone, NotFound } from '../errors';
import type { KeyValueStore } from '../models/keyvalue';
import type { SqlStore } from '../models/sql';
import { browserName } from './browser-name';
import { newId } from './ids';
import type { Clock } from './runtime';
import type { Principal } from './tokens';
import { Waits, type Wait } from './waits';

/** How long a QR code is good, in milliseconds. */
export const QR_LIFETIME_MS = 120_000;
/** How much longer the record stays, so that those who come late are told that it has expired. */
const AFTERLIFE_MS = 60_000;
/** Another process may have taken the step that a request here waits for; the store is asked so often. */
const POLL_MS = 1000;
const MOST_WAITS = 1000;
const MOST_WAITS_OF_ONE = 3;

/** What is told of a sign-in; `expired` is also said of one that has been claimed, which is good no longer. */
export type QrState = 'created' | 'scanned' | 'confirmed' | 'cancelled' | 'expired';

export interface QrView {
  state: QrState;
  /** Two digits that both screens show; null until somebody has scanned. */
  matchCode: string | null;
  /** The display name of who scanned. */
  scannedBy: string | null;
}

export interface CreatedQr {
  id: string;
  /** 22 base64url characters: what the QR code carries. */
  ticket: string;
  /** What the browser keeps to itself. */
  claimSecret: string;
  expiresAt: Date;
}

export interface ScannedQr {
  id: string;
  matchCode: string;
  /** Such as `Chrome on Windows`. */
  browser: string;
  createdAt: Date;
}

/** As stored; expiry is not a state of it, but a look at the clock. */
interface QrRecord {
  state: 'created' | 'scanned' | 'confirmed' | 'cancelled' | 'claimed';
  claimHash: string;
  browser: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  expiresAt: number;
  scan: { userId: string; matchCode: string } | null;
  /** The sign-in with which the user confirmed, and the user's epoch at that time. */
  confirmation: { signInId: string; epoch: number } | null;
}

interface QrOptions {
  keyvalue: KeyValueStore;
  sql: Pick<SqlStore, 'users' | 'signIns'>;
  now: Clock;
  pollMs?: number;
}

/**
 * Sign-in of a browser by a phone that is signed in, in the shape of the device grant (RFC 8628) with two secrets: the
 * QR code carries the ticket, with which a phone scans and confirms; the browser alone holds the claim secret, with
 * which it sees how things stand and takes the sign-in. Who photographs the code gets no further than to be asked.
 *
 * created → scanned → confirmed → claimed, cancelled or expired from any of them. Every step is one compare-and-set.
 */
export class QrSignIns {
  private readonly waits = new Waits(MOST_WAITS, MOST_WAITS_OF_ONE);

  constructor(private readonly options: QrOptions) {}

  /** How many requests wait for a change. */
  get waiting(): number {
    return this.waits.size;
  }

  /** Begins a sign-in, for a browser with this User-Agent. */
  async create(userAgent: string): Promise<CreatedQr> {
    const { keyvalue, now } = this.options;
    const id = newId();
    const ticket = randomBytes(16).toString('base64url');
    const claimSecret = randomBytes(32).toString('base64url');
    const createdAt = now().getTime();
    const expiresAt = createdAt + QR_LIFETIME_MS;
    const record: QrRecord = {
      state: 'created',
      claimHash: digestOf(claimSecret),
      browser: browserName(userAgent),
      createdAt,
      expiresAt,
      scan: null,
      confirmation: null,
    };
    const ttlMs = QR_LIFETIME_MS + AFTERLIFE_MS;
    await keyvalue.set(recordKey(id), JSON.stringify(record), { ttlMs });
    await keyvalue.set(ticketKey(ticket), id, { ttlMs });
    return { id, ticket, claimSecret, expiresAt: new Date(expiresAt) };
  }

  /**
   * Binds the sign-in to the user who scans first. The same user may scan again, having lost the answer.
   * @throws `NotFound` for a ticket that never was, `Gone` for one that is good no longer, `Conflict` for one that
   * somebody else has scanned, or that this user has confirmed
   */
  async scan(ticket: string, userId: string): Promise<ScannedQr> {
    const id = await this.options.keyvalue.get(ticketKey(ticket));
    if (id === null) throw new NotFound('That is no QR code of a sign-in here, or it has long expired.');
    let matchCode = String(randomInt(100)).padStart(2, '0');
    const record = await this.advance(id, (found) => {
      if (this.hasEnded(found)) throw new Gone('The QR code has expired or was used.');
      if (found.state === 'created') return { ...found, state: 'scanned', scan: { userId, matchCode } };
      if (found.state === 'confirmed' || found.scan?.userId !== userId) {
        throw new Conflict('The QR code has been scanned already.');
      }
      matchCode = found.scan.matchCode;
      return found;
    });
    if (!record) throw new NotFound();
    return { id, matchCode, browser: record.browser, createdAt: new Date(record.createdAt) };
  }

  /**
   * Lets the browser in, or refuses. Only who scanned may; saying the same again changes nothing, and what has been
   * confirmed can be refused until it is claimed.
   * @throws `Conflict`, the same whatever the reason
   */
  async decide(id: string, { userId, signInId }: Principal, approve: boolean): Promise<void> {
    const refusal = new Conflict('You have not scanned this QR code, or it is good no longer.');
    const user = await this.options.sql.users.find(userId);
    const confirmation = { signInId, epoch: user?.epoch ?? -1 };
    const record = await this.advance(id, (found) => {
      if (found.scan?.userId !== userId || this.isPast(found)) throw refusal;
      const wanted = approve ? 'confirmed' : 'cancelled';
      if (found.state === wanted || (approve && found.state === 'claimed')) return found;
      if (found.state === 'scanned') return { ...found, state: wanted, confirmation };
      if (found.state === 'confirmed') return { ...found, state: wanted };
      throw refusal;
    });
    if (!record) throw refusal;
  }

  /**
   * Takes the sign-in, once.
   * @returns the user who confirmed
   * @throws `NotFound` for another secret, `Conflict` unless it is confirmed
   */
  async claim(id: string, claimSecret: string): Promise<string> {
    const stands = await this.stillStands(await this.find(id, claimSecret));
    const record = await this.advance(id, (found) => {
      if (!stands || this.tell(found) !== 'confirmed') {
        throw new Conflict('The sign-in is not confirmed, or is good no longer.');
      }
      return { ...found, state: 'claimed' };
    });
    if (!record?.scan) throw new NotFound();
    return record.scan.userId;
  }

  /** How things stand. @throws `NotFound` for another secret */
  async look(id: string, claimSecret: string): Promise<QrView> {
    return this.view(await this.find(id, claimSecret));
  }

  /**
   * How things stand, once they have changed from `known` (from how they stand now, without it), or after the time.
   * @param options.ms how long to wait at most
   * @param options.signal ends the wait
   * @throws `NotFound` for another secret, `Unavailable` when too many wait
   */
  async lookAfterChange(
    id: string,
    claimSecret: string,
    options: { known?: QrState | undefined; ms: number; signal: AbortSignal },
  ): Promise<QrView> {
    const first = await this.find(id, claimSecret);
    const known = options.known ?? this.tell(first);
    const changed = (record: QrRecord) => this.tell(record) !== known || this.hasEnded(record);
    if (changed(first)) return this.view(first);
    const until = performance.now() + options.ms;
    return this.waits.hold(id, options.signal, async (wait) => {
      let record = await this.find(id, claimSecret);
      while (!changed(record) && !wait.over && performance.now() < until) {
        await this.pause(wait, until - performance.now(), record);
        record = await this.find(id, claimSecret);
      }
      return this.view(record);
    });
  }

  /** Answers every request that waits: the process is about to stop. */
  drain(): void {
    this.waits.drain();
  }

  /** Until somebody here or in another process may have changed something, or the record expires. */
  private async pause(wait: Wait, leftMs: number, record: QrRecord): Promise<void> {
    const aliveMs = record.expiresAt - this.options.now().getTime();
    await wait.pause(Math.max(1, Math.min(leftMs, aliveMs, this.options.pollMs ?? POLL_MS)));
  }

  /**
   * Takes the record a step on. When somebody was faster, the step is judged anew by what has become of the record.
   * @returns the record as it is then; null when there is none
   */
  private async advance(id: string, step: (record: QrRecord) => QrRecord): Promise<QrRecord | null> {
    const { keyvalue } = this.options;
    for (;;) {
      const text = await keyvalue.get(recordKey(id));
      if (text === null) return null;
      const record = parse(text);
      const next = step(record);
      if (next === record) return record;
      if (await keyvalue.compareAndSet(recordKey(id), text, JSON.stringify(next))) {
        this.waits.wake(id);
        return next;
      }
    }
  }

  /**
   * Whether the sign-in that confirmed is alive: when its owner has just ended it, or all of them, because somebody else
   * has it, no browser may slip in.
   */
  private async stillStands({ scan, confirmation }: QrRecord): Promise<boolean> {
    if (!scan || !confirmation) return false;
    const { users, signIns } = this.options.sql;
    const [user, signIn] = await Promise.all([users.find(scan.userId), signIns.find(confirmation.signInId)]);
    return signIn?.endedAt === null && user?.epoch === confirmation.epoch;
  }

  private async find(id: string, claimSecret: string): Promise<QrRecord> {
    const text = await this.options.keyvalue.get(recordKey(id));
    const record = text === null ? null : parse(text);
    const digest = Buffer.from(digestOf(claimSecret));
    if (!record || !timingSafeEqual(digest, Buffer.from(record.claimHash))) throw new NotFound();
    return record;
  }

  private async view(record: QrRecord): Promise<QrView> {
    const { scan } = record;
    const user = scan && (await this.options.sql.users.find(scan.userId));
    return {
      state: this.tell(record),
      matchCode: scan?.matchCode ?? null,
      scannedBy: user?.displayName ?? null,
    };
  }

  private tell(record: QrRecord): QrState {
    if (record.state === 'cancelled') return 'cancelled';
    return record.state === 'claimed' || this.isPast(record) ? 'expired' : record.state;
  }

  private isPast(record: QrRecord): boolean {
    return this.options.now().getTime() >= record.expiresAt;
  }

  private hasEnded(record: QrRecord): boolean {
    return ['cancelled', 'expired'].includes(this.tell(record));
  }
}

function parse(text: string): QrRecord {
  return JSON.parse(text) as QrRecord;
}

function recordKey(id: string): string {
  return `qr:${id}`;
}

/** By its digest, so that who reads the store cannot scan what others are shown. */
function ticketKey(ticket: string): string {
  return `qr-ticket:${digestOf(ticket)}`;
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
