import { createCipheriv, randomBytes } from 'node:crypto';

const LIFETIME_MS = 5 * 60_000;

/** What a code stands for. */
export type Grant =
  | { kind: 'login'; openid: string; unionid?: string }
  | { kind: 'phone'; number: string; countryCode: string; openid?: string };

interface Entry {
  grant: Grant;
  expiresAt: number;
  used: boolean;
}

/** The codes that were given to clients, and the session keys that they were changed for. */
export class Codes {
  private readonly entries = new Map<string, Entry>();
  private readonly sessions = new Map<string, string[]>();

  constructor(private readonly now: () => Date) {}

  make(grant: Grant): string {
    const code = grant.kind === 'login' ? `0${randomHex(16).slice(1)}` : randomHex(32);
    this.entries.set(code, { grant, expiresAt: this.now().getTime() + LIFETIME_MS, used: false });
    return code;
  }

  /** A code is good once. That a phone's code has been used WeChat does not tell: it is not valid then. */
  take<K extends Grant['kind']>(code: string, kind: K): Extract<Grant, { kind: K }> | 'used' | 'invalid' {
    const entry = this.entries.get(code);
    if (entry?.grant.kind !== kind || entry.expiresAt <= this.now().getTime()) return 'invalid';
    if (entry.used) return kind === 'login' ? 'used' : 'invalid';
    entry.used = true;
    return entry.grant as Extract<Grant, { kind: K }>;
  }

  /** @returns base64 of 16 bytes; it takes the place of the one before */
  newSession(openid: string): string {
    const sessionKey = randomBytes(16).toString('base64');
    this.sessions.set(openid, [...(this.sessions.get(openid) ?? []), sessionKey]);
    return sessionKey;
  }

  /** The newest one of a user who signed in. */
  sessionKeyOf(openid: string): string {
    const sessionKey = this.sessions.get(openid)?.at(-1);
    if (sessionKey === undefined) throw new Error(`${openid} did not sign in`);
    return sessionKey;
  }

  get sessionKeys(): string[] {
    return [...this.sessions.values()].flat();
  }
}

/** Any text as WeChat encrypts it for clients. */
export function encrypt(sessionKey: string, text: string | Buffer): { encryptedData: string; iv: string } {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
  const encryptedData = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  return { encryptedData, iv: iv.toString('base64') };
}

export function encryptPhone(
  sessionKey: string,
  { number, countryCode }: { number: string; countryCode: string },
  { appid, now }: { appid: string; now: Date },
): { encryptedData: string; iv: string } {
  const watermark = { timestamp: Math.floor(now.getTime() / 1000), appid };
  return encrypt(
    sessionKey,
    JSON.stringify({ phoneNumber: number, purePhoneNumber: number, countryCode, watermark }),
  );
}

export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
