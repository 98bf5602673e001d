import { z } from 'zod';
import { InvalidToken } from '../errors';
import type { KeyValueStore } from '../models/keyvalue';
import type { SqlStore } from '../models/sql';
import { newId } from './ids';
import type { Clock } from './runtime';
import type { Seal } from './sealing';
import type { Principal } from './tokens';

const HOUR_MS = 60 * 60 * 1000;
const LONGEST_TICKET = 1024;

/** What a ticket admits to, for how many milliseconds, and whether once. */
const PURPOSES = {
  /** Longer than most uploads take: a client that can only send a URL cannot renew it. */
  uploads: { lifetimeMs: 6 * HOUR_MS, singleUse: false },
  /** Until the handshake of a connection, which then lasts as long as the sign-in. */
  events: { lifetimeMs: 30_000, singleUse: true },
} as const;

type Purpose = keyof typeof PURPOSES;

const claims = z.object({
  id: z.string(),
  signInId: z.string(),
  userId: z.string(),
  epoch: z.number(),
  expiresAt: z.number(),
});

export interface Ticket {
  ticket: string;
  expiresAt: Date;
}

/**
 * Credentials that fit into a URL, for clients that can send nothing else. A ticket is good for one purpose, for a
 * while, and never longer than the sign-in that asked for it. URLs end up in logs and histories, which access tokens
 * must not.
 */
export interface Tickets {
  issue(principal: Principal, purpose: Purpose): Promise<Ticket>;
  /** @throws `InvalidToken` */
  redeem(ticket: string, purpose: Purpose): Promise<Principal>;
}

export function createTickets({
  sql,
  keyvalue,
  seal,
  now,
}: {
  sql: Pick<SqlStore, 'users' | 'signIns'>;
  keyvalue: KeyValueStore;
  seal: Seal;
  now: Clock;
}): Tickets {
  const invalid = () => new InvalidToken('The ticket is expired, ended or malformed.');

  return {
    async issue({ userId, signInId }, purpose) {
      const user = await sql.users.find(userId);
      if (!user) throw invalid();
      const expiresAt = now().getTime() + PURPOSES[purpose].lifetimeMs;
      const held: z.infer<typeof claims> = {
        id: newId(),
        signInId,
        userId,
        epoch: user.epoch,
        expiresAt,
      };
      return { ticket: seal.close(JSON.stringify(held), purpose), expiresAt: new Date(expiresAt) };
    },

    async redeem(ticket, purpose) {
      const text = ticket.length <= LONGEST_TICKET ? seal.open(ticket, purpose) : null;
      if (text === null) throw invalid();
      const { id, userId, signInId, epoch, expiresAt } = claims.parse(JSON.parse(text));
      const [user, signIn] = await Promise.all([sql.users.find(userId), sql.signIns.find(signInId)]);
      const at = now();
      if (expiresAt <= at.getTime() || user?.epoch !== epoch) throw invalid();
      if (!signIn || signIn.endedAt || signIn.expiresAt <= at) throw invalid();
      if (PURPOSES[purpose].singleUse) {
        const ttlMs = expiresAt - at.getTime();
        if (!(await keyvalue.set(`ticket:${id}`, 'used', { ttlMs, only: 'if-absent' }))) throw invalid();
      }
      return { userId, signInId, roles: user.roles };
    },
  };
}
