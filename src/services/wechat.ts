import { createHash, randomInt } from 'node:crypto';
import { Conflict, InvalidGrant, NotImplemented, Unavailable } from '../errors';
import type { KeyValueStore } from '../models/keyvalue';
import type { Account, Accounts } from './accounts';
import type { ExternalIdentity } from './external-identities';
import type { Clock } from './runtime';
import type { Seal } from './sealing';
import type { IssuedTokens, Tokens } from './tokens';
import { readPhoneNumber, type EncryptedData } from './wechat/data';
import { answerTo, WechatFailure, type WechatFault } from './wechat/errors';
import { MiniProgram, type WechatApp } from './wechat/mini-program';
import { SingleFlight, type Codec } from './wechat/single-flight';

const UNION = 'wechat-union';
const DEVELOPMENT = 'wechat:dev';
const PHONE = 'phone';

/** WeChat does not say how long a session key lasts; a sign-in with a new code brings a new one. */
const SESSION_KEY_MS = 30 * 24 * 60 * 60 * 1000;

export interface WechatSettings {
  /** The mini-program; null when there is none. */
  app: WechatApp | null;
  /** Where WeChat's API is, without a slash at the end. */
  api: string;
  /** Takes the codes `dev:<name>`, by which anybody is whoever they say. */
  dev: boolean;
}

export interface WechatSignIn {
  account: Account;
  issued: IssuedTokens;
  /** Whether this call made the user. */
  created: boolean;
}

/** By what WeChat tells us a phone number: a code, or to old clients encrypted data. */
export type PhoneProof = { code: string } | EncryptedData;

interface WechatOptions {
  settings: WechatSettings;
  accounts: Accounts;
  tokens: Tokens;
  keyvalue: KeyValueStore;
  seal: Seal;
  now: Clock;
}

/** What became of a code. */
type Exchange = { userId: string; issued: IssuedTokens; created: boolean } | { failure: WechatFailure };

/** Sign-in of the users of a WeChat mini-program. A user is known by (appid, openid), and by the unionid where there is one. */
export class Wechat {
  private readonly program: MiniProgram | null;
  private readonly exchanges: SingleFlight<Exchange>;

  constructor(private readonly options: WechatOptions) {
    const { settings, keyvalue, seal, now } = options;
    const { app, api: base } = settings;
    this.program = app && new MiniProgram({ app, base, keyvalue, seal, now });
    this.exchanges = new SingleFlight(keyvalue, exchangeCodec(seal));
  }

  /**
   * Starts a sign-in with a code from `wx.login`. Calls with the same code at the same moment, in whichever process,
   * share one sign-in and get the same tokens; a code that comes later is used up.
   * @throws `InvalidGrant`, `Forbidden`, `RateLimited`, `UpstreamFailed`, `Unavailable` as WeChat answers;
   *   `NotImplemented` when there is no mini-program
   */
  async signIn(code: string, userAgent: string | null): Promise<WechatSignIn> {
    const identify = this.identifierOf(code);
    const key = `wechat:code:${createHash('sha256').update(code).digest('hex')}`;
    const { outcome, first } = await this.exchanges.run(key, async () => {
      const user = await identify().catch(failureOf);
      if (user instanceof WechatFailure) return { failure: user };
      const { userId, created } = await this.options.accounts.findOrCreate(user.identities, user.displayName);
      if (user.sessionKey !== null) await this.keepSessionKey(userId, user.sessionKey);
      return { userId, created, issued: await this.options.tokens.signIn(userId, userAgent) };
    });
    if ('failure' in outcome) throw answerTo(outcome.failure.fault, outcome.failure);
    const account = await this.options.accounts.find(outcome.userId);
    return { account, issued: outcome.issued, created: first && outcome.created };
  }

  /**
   * Links the phone number that WeChat vouches for. It is the user's only one, and nobody else's any more: numbers
   * change hands, and whoever proved it last has it.
   * @throws as `signIn`, and `Conflict` when the user never signed in by WeChat
   */
  async linkPhone(userId: string, proof: PhoneProof): Promise<Account> {
    const { accounts } = this.options;
    const account = await accounts.find(userId);
    const subject = await this.phoneNumberBy(proof, account).catch((error: unknown) => {
      throw error instanceof WechatFailure ? answerTo(error.fault, error) : error;
    });
    await accounts.claim(userId, { provider: PHONE, subject });
    return accounts.find(userId);
  }

  /** How to find out whose code it is. @throws `NotImplemented`, `InvalidGrant` */
  private identifierOf(code: string): () => Promise<Identified> {
    const developer = this.developmentCode(code);
    if (developer !== null) {
      const identities = [{ provider: DEVELOPMENT, subject: developer }];
      return () => Promise.resolve({ identities, displayName: developer, sessionKey: null });
    }
    const program = this.requireProgram();
    return async () => {
      const { openid, unionid, sessionKey } = await program.codeToSession(code);
      const identities = [{ provider: providerOf(program), subject: openid }];
      if (unionid !== null) identities.push({ provider: UNION, subject: unionid });
      return { identities, displayName: `微信用户${randomInt(1000, 10_000)}`, sessionKey };
    };
  }

  private async phoneNumberBy(proof: PhoneProof, { user, identities }: Account): Promise<string> {
    const number = 'code' in proof ? this.developmentCode(proof.code) : null;
    const program = number === null ? this.requireProgram() : null;
    const provider = program ? providerOf(program) : DEVELOPMENT;
    const openid = identities.findLast((identity) => identity.provider === provider)?.subject;
    if (openid === undefined) throw new Conflict('Only a user who signed in by WeChat has a number there.');
    if (!program) return developmentNumber(number ?? '');
    if ('code' in proof) return program.phoneNumber(proof.code, openid);
    const sessionKey = await this.sessionKeyOf(user.id);
    const { appid } = program;
    return readPhoneNumber(
      proof,
      sessionKey === null ? null : { sessionKey, appid, now: this.options.now() },
    );
  }

  /** The name in a code `dev:<name>`, where such codes are taken. */
  private developmentCode(code: string): string | null {
    return (this.options.settings.dev && /^dev:(.{1,64})$/u.exec(code)?.[1]) || null;
  }

  private requireProgram(): MiniProgram {
    if (this.program) return this.program;
    if (this.options.settings.dev) throw new InvalidGrant('In development, codes are `dev:<name>`.');
    throw new NotImplemented('This server is not connected to a WeChat mini-program.');
  }

  private async keepSessionKey(userId: string, sessionKey: string): Promise<void> {
    const { keyvalue, seal } = this.options;
    const key = sessionKeyPlace(userId);
    await keyvalue.set(key, seal.close(sessionKey, key), { ttlMs: SESSION_KEY_MS });
  }

  private async sessionKeyOf(userId: string): Promise<string | null> {
    const key = sessionKeyPlace(userId);
    const sealed = await this.options.keyvalue.get(key);
    return sealed === null ? null : this.options.seal.open(sealed, key);
  }
}

interface Identified {
  identities: ExternalIdentity[];
  displayName: string;
  sessionKey: string | null;
}

function providerOf({ appid }: MiniProgram): string {
  return `wechat:${appid}`;
}

function sessionKeyPlace(userId: string): string {
  return `wechat:session-key:${userId}`;
}

/** What failed at WeChat is shared by all who brought the code; everything else goes on as it is. */
function failureOf(error: unknown): WechatFailure {
  if (error instanceof WechatFailure) return error;
  throw error;
}

function developmentNumber(text: string): string {
  if (!/^\+?\d{3,18}$/.test(text))
    throw new InvalidGrant('In development, codes for numbers are `dev:<number>`.');
  return text.startsWith('+') ? text : `+86${text}`;
}

/** The tokens are in it: sealed. */
function exchangeCodec(seal: Seal): Codec<Exchange> {
  return {
    write(exchange, place) {
      if (!('failure' in exchange)) return seal.close(JSON.stringify(exchange), place);
      const { fault, message, errcode } = exchange.failure;
      return seal.close(JSON.stringify({ failure: { fault, message, errcode } }), place);
    },
    read(text, place) {
      const opened = seal.open(text, place);
      if (opened === null) throw new Unavailable('An equal request was answered elsewhere. Try again.');
      const exchange = JSON.parse(opened) as Exclude<Exchange, { failure: WechatFailure }> | WrittenFailure;
      if (!('failure' in exchange)) return exchange;
      const { fault, message, errcode } = exchange.failure;
      return { failure: new WechatFailure(fault, message, errcode) };
    },
  };
}

interface WrittenFailure {
  failure: { fault: WechatFault; message: string; errcode: number | null };
}
