import { availableParallelism } from 'node:os';
import type { LimiterFactory } from '../../models/limiters';
import type { Stores } from '../../models/stores';
import { createAccessTokens, type AccessTokens } from '../access-tokens';
import { createAccounts, type Accounts } from '../accounts';
import { createAdministration, type Administration } from '../administration';
import { BrowserSignIns } from '../browser-sign-ins';
import type { EventPublisher } from '../events';
import { createKeyRing, type KeyRing } from '../key-ring';
import { createPasswords, hashesAtOnce } from '../passwords';
import { QrSignIns } from '../qr';
import { createRateLimits, type RateLimits, type RateLimitSettings } from '../rate-limits';
import type { Clock } from '../runtime';
import { createSeal } from '../sealing';
import { deriveKeys } from '../secrets';
import { createSessionStore, type SessionStore } from '../session-store';
import { secretSigningKey, type SigningKey } from '../signing-keys';
import { createTickets, type Tickets } from '../tickets';
import { Tokens } from '../tokens';
import { Wechat, type WechatSettings } from '../wechat';

/** Who is who, and how that is shown. */
export interface IdentityServices {
  rateLimits: RateLimits;
  accessTokens: AccessTokens;
  administration: Administration;
  accounts: Accounts;
  tokens: Tokens;
  tickets: Tickets;
  browserSignIns: BrowserSignIns;
  sessionStore: SessionStore;
  qr: QrSignIns;
  wechat: Wechat;
  /** Sign cookies: the first one new ones, any of them those that come back. */
  cookieKeys: string[];
}

export interface IdentityOptions {
  /** From which every key is derived; at least 32 characters. */
  secret: string;
  /** The previous and the next one, where there are such: what is made by them is taken. */
  otherSecrets: string[];
  /** Sign access tokens; null leaves that to keys derived from the secrets. */
  signingKeys: KeyRing<SigningKey> | null;
  /** Names this installation in its tokens. */
  issuer: string;
  accessSeconds: number;
  refreshMs: number;
  /** Of libuv's pool. */
  threads: number;
  limits: RateLimitSettings;
  /** Where calls are counted; in the store for that when nothing is given. */
  makeLimiter?: LimiterFactory;
  wechat: WechatSettings;
}

interface Foundation {
  stores: Stores;
  events: EventPublisher;
  now: Clock;
}

export function createIdentityServices(
  options: IdentityOptions,
  { stores, events, now }: Foundation,
): IdentityServices {
  const { sql, keyvalue } = stores;
  const keys = deriveKeys(options.secret);
  const otherKeys = options.otherSecrets.map(deriveKeys);
  const signingKeys =
    options.signingKeys ?? createKeyRing(secretSigningKey(keys), otherKeys.map(secretSigningKey));
  const chainKeys = createKeyRing(
    keys.refreshToken,
    otherKeys.map(({ refreshToken }) => refreshToken),
  );
  const sealFor = (use: 'ticket' | 'wechat') =>
    createSeal(
      keys[use],
      otherKeys.map((other) => other[use]),
    );
  const concurrency = hashesAtOnce(availableParallelism(), options.threads);
  const passwords = createPasswords({ concurrency, waiting: 64 });
  const { issuer, accessSeconds, refreshMs, wechat: settings } = options;
  const accessTokens = createAccessTokens({ keys: signingKeys, issuer, seconds: accessSeconds, now });
  const tokens = new Tokens({ sql, events, accessTokens, chainKeys, refreshMs, now });
  const accounts = createAccounts({ sql, passwords, tokens, now });
  return {
    rateLimits: createRateLimits(options.limits, options.makeLimiter ?? stores.limiters.make),
    accessTokens,
    administration: createAdministration({ sql, passwords, events, now }),
    accounts,
    tokens,
    tickets: createTickets({ sql, keyvalue, seal: sealFor('ticket'), now }),
    browserSignIns: new BrowserSignIns({ sql, tokens, now }),
    sessionStore: createSessionStore(keyvalue),
    qr: new QrSignIns({ keyvalue, sql, now }),
    wechat: new Wechat({ settings, accounts, tokens, keyvalue, seal: sealFor('wechat'), now }),
    cookieKeys: [keys, ...otherKeys].map(({ cookie }) => cookie),
  };
}
