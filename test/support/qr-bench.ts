import type { KeyValueStore } from '../../src/models/keyvalue';
import { openMemoryKeyValue } from '../../src/models/keyvalue/memory';
import type { SignInRecord, SqlStore, UserRecord } from '../../src/models/sql';
import { QrSignIns, type CreatedQr, type QrState } from '../../src/services/qr';
import type { Principal } from '../../src/services/tokens';

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
export const BEGIN = Date.parse('2026-03-01T08:00:00Z');

export const anna: Principal = { userId: 'anna', signInId: 'phone-of-anna', roles: ['user'] };
export const ben: Principal = { userId: 'ben', signInId: 'phone-of-ben', roles: ['user'] };

/** One sign-in by QR code over a store of its own, with the clock and the users in the test's hands. */
export class QrBench {
  now = BEGIN;
  /** Sign-ins that have ended. */
  readonly ended = new Set<string>();
  /** Of every user. */
  epoch = 0;
  readonly keyvalue: KeyValueStore = openMemoryKeyValue();
  readonly qr = this.service();
  made!: CreatedQr;

  static async create(): Promise<QrBench> {
    const bench = new QrBench();
    bench.made = await bench.qr.create(CHROME);
    return bench;
  }

  /** The service as in another process; it never asks the store by itself within a test, unless told to. */
  service(pollMs = 600_000): QrSignIns {
    const { ended } = this;
    const sql = {
      users: {
        find: (id: string) =>
          Promise.resolve({ id, displayName: `Name of ${id}`, epoch: this.epoch } as UserRecord),
      },
      signIns: {
        find: (id: string) =>
          Promise.resolve({ id, endedAt: ended.has(id) ? new Date(this.now) : null } as SignInRecord),
      },
    } as SqlStore;
    return new QrSignIns({ keyvalue: this.keyvalue, sql, now: () => new Date(this.now), pollMs });
  }

  async state(): Promise<QrState> {
    return (await this.qr.look(this.made.id, this.made.claimSecret)).state;
  }

  scan = (by = anna) => this.qr.scan(this.made.ticket, by.userId);
  approve = (by = anna) => this.qr.decide(this.made.id, by, true);
  refuse = (by = anna) => this.qr.decide(this.made.id, by, false);
  claim = () => this.qr.claim(this.made.id, this.made.claimSecret);

  expire(): void {
    this.now = BEGIN + 120_000;
  }

  async confirm(): Promise<void> {
    await this.scan();
    await this.approve();
  }
}
