import { z } from 'zod';
import { Unavailable } from '../../errors';
import type { KeyValueStore } from '../../models/keyvalue';
import { LeaseHeld, withLease } from '../../models/keyvalue/lease';
import type { Clock } from '../runtime';
import type { Seal } from '../sealing';
import type { WechatApi } from './api';
import { WechatFailure } from './errors';

/** WeChat has a new token so long before the old one ends, and takes both meanwhile. */
const EARLY_MS = 5 * 60_000;
/** Longer than two calls of WeChat take. */
const LEASE_MS = 15_000;

const issued = z.object({ access_token: z.string().min(1).max(2048), expires_in: z.number().positive() });
const kept = z.object({ token: z.string(), renewAt: z.number() });

interface AccessTokenOptions {
  appid: string;
  secret: string;
  api: WechatApi;
  keyvalue: KeyValueStore;
  seal: Seal;
  now: Clock;
}

/** The token for calls on behalf of the mini-program. All processes share one, and one of them at a time renews it. */
export class WechatAccessToken {
  private readonly key: string;

  constructor(private readonly options: AccessTokenOptions) {
    this.key = `wechat:access-token:${options.appid}`;
  }

  /**
   * Makes a call with the token, and once more with another one when WeChat does not take it.
   * @throws WechatFailure, `Unavailable`
   */
  async use<T>(call: (token: string) => Promise<T>): Promise<T> {
    const token = (await this.read()) ?? (await this.renew(null));
    try {
      return await call(token);
    } catch (error) {
      if (!(error instanceof WechatFailure) || error.fault !== 'stale-access-token') throw error;
      return call(await this.renew(token));
    }
  }

  private async read(): Promise<string | null> {
    const { keyvalue, seal, now } = this.options;
    const sealed = await keyvalue.get(this.key);
    const text = sealed === null ? null : seal.open(sealed, this.key);
    if (text === null) return null;
    const { token, renewAt } = kept.parse(JSON.parse(text));
    return renewAt > now().getTime() ? token : null;
  }

  /** A token other than the refused one: that which somebody else fetched meanwhile, or a new one. */
  private async renew(refused: string | null): Promise<string> {
    const lease = { ttlMs: LEASE_MS, waitMs: LEASE_MS };
    try {
      return await withLease(this.options.keyvalue, `${this.key}:lease`, lease, async () => {
        const current = await this.read();
        return current !== null && current !== refused ? current : await this.fetch();
      });
    } catch (error) {
      if (error instanceof LeaseHeld) throw new Unavailable('WeChat does not answer right now.', error);
      throw error;
    }
  }

  private async fetch(): Promise<string> {
    const { appid, secret, api, keyvalue, seal, now } = this.options;
    const json = { grant_type: 'client_credential', appid, secret };
    const call = { method: 'POST', path: '/cgi-bin/stable_token', json, answer: issued } as const;
    const { access_token: token, expires_in: seconds } = await api.call(call).catch((error: unknown) => {
      throw asOurFault(error);
    });
    const ttlMs = seconds * 1000 - Math.min(EARLY_MS, seconds * 500);
    const record: z.infer<typeof kept> = { token, renewAt: now().getTime() + ttlMs };
    await keyvalue.set(this.key, seal.close(JSON.stringify(record), this.key), { ttlMs });
    return token;
  }
}

/** Here 40001 speaks of the AppSecret, and 45011 of our own quota for a minute: nothing that a user did. */
function asOurFault(error: unknown): unknown {
  if (!(error instanceof WechatFailure)) return error;
  const { fault, message, errcode } = error;
  if (fault === 'too-often') return new Unavailable('WeChat does not answer right now.', error, 60);
  return fault === 'stale-access-token' ? new WechatFailure('misconfigured', message, errcode) : error;
}
