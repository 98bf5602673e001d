import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Codes, encryptPhone, randomHex, type Grant } from './codes';

/** How the next calls of a path go wrong. */
export interface Trouble {
  /** Such as `/sns/jscode2session`. */
  path: string;
  /** How many calls; 1 by default. */
  times?: number;
  /** Milliseconds before the answer, which is the right one unless another trouble is named, too. */
  delayMs?: number;
  /** No answer before this. */
  until?: Promise<void>;
  /** Answers with this error. */
  errcode?: number;
  errmsg?: string;
  /** Answers with this HTTP status. */
  status?: number;
  /** Sends the caller elsewhere. */
  location?: string;
  /** Answers with this text. */
  body?: string;
  /** Does what was asked, and then: `hang` never answers, `drop` breaks the connection. */
  lost?: 'hang' | 'drop';
}

/** A call that was made of the API. */
export interface Call {
  path: string;
  query: Record<string, string>;
  json: unknown;
}

export interface WechatStandInOptions {
  appid?: string;
  secret?: string;
  port?: number;
  now?: () => Date;
}

type Json = Record<string, unknown>;

const TOKEN_SECONDS = 7200;
/** In the last five minutes of a token there is a new one already. */
const OVERLAP_MS = 5 * 60_000;

/** WeChat says what is wrong in the body; the status is 200 nevertheless. */
class Refusal extends Error {
  constructor(
    readonly errcode: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A server that behaves as WeChat's API does by its documentation and in practice, for one mini-program. What a person
 * would do in the app is under `/stand-in`.
 */
export class WechatStandIn {
  readonly appid: string;
  readonly secret: string;
  /** Every call of the API, oldest first. */
  readonly calls: Call[] = [];
  readonly now: () => Date;
  private readonly codes: Codes;
  private readonly server: Server;
  private readonly troubles: (Trouble & { left: number })[] = [];
  private tokens: { token: string; expiresAt: number }[] = [];

  private constructor(options: WechatStandInOptions) {
    this.appid = options.appid ?? 'wx0123456789abcdef';
    this.secret = options.secret ?? '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
    this.now = options.now ?? (() => new Date());
    this.codes = new Codes(this.now);
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(options: WechatStandInOptions = {}): Promise<WechatStandIn> {
    const standIn = new WechatStandIn(options);
    await new Promise<void>((resolve) => standIn.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return standIn;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What Ferry is started with. */
  get settings(): { WECHAT_APPID: string; WECHAT_SECRET: string; WECHAT_API: string } {
    return { WECHAT_APPID: this.appid, WECHAT_SECRET: this.secret, WECHAT_API: this.url };
  }

  /** As if somebody called `wx.login`. */
  login(user: { openid: string; unionid?: string }): string {
    return this.codes.make({ kind: 'login', ...user });
  }

  /** As if somebody let the app have their number. */
  sharePhone(phone: { number: string; countryCode?: string; openid?: string }): string {
    return this.codes.make({ kind: 'phone', countryCode: '86', ...phone });
  }

  /** The same for old clients. */
  sharePhoneEncrypted(openid: string, number: string): { encryptedData: string; iv: string } {
    const sessionKey = this.codes.sessionKeyOf(openid);
    return encryptPhone(sessionKey, { number, countryCode: '86' }, { appid: this.appid, now: this.now() });
  }

  /** The session keys that were given out. */
  get sessionKeys(): string[] {
    return this.codes.sessionKeys;
  }

  /** Lets the next calls of a path go wrong. */
  trouble(trouble: Trouble): void {
    this.troubles.push({ ...trouble, left: trouble.times ?? 1 });
  }

  /** Everything is well again, and nobody has called. */
  reset(): void {
    this.troubles.length = 0;
    this.calls.length = 0;
  }

  /** As if somebody else used `force_refresh`: the tokens that were given out are not good any more. */
  invalidateTokens(): void {
    this.tokens = [];
  }

  callsOf(path: string): Call[] {
    return this.calls.filter((call) => call.path === path);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.url);
    const query = Object.fromEntries(searchParams);
    const json = await jsonOf(request);
    if (path.startsWith('/stand-in/')) {
      this.control(path, { ...query, ...(json as Json) }, response);
      return;
    }
    this.calls.push({ path, query, json });
    const trouble = this.troubles.find((one) => one.path === path && one.left > 0);
    if (trouble) trouble.left -= 1;
    await sleep(trouble?.delayMs ?? 0);
    await trouble?.until;
    if (trouble?.errcode !== undefined) {
      this.refuse(response, trouble.errcode, trouble.errmsg ?? 'error');
      return;
    }
    if (trouble?.status !== undefined || trouble?.body !== undefined) {
      const { status = 200, location, body = 'busy' } = trouble;
      response.writeHead(status, { 'Content-Type': 'text/html', ...(location && { Location: location }) });
      response.end(body);
      return;
    }
    this.answer(request.method ?? 'GET', path, query, json as Json, response, trouble?.lost);
  }

  private answer(
    method: string,
    path: string,
    query: Record<string, string>,
    json: Json,
    response: ServerResponse,
    lost: Trouble['lost'],
  ): void {
    try {
      const body = this.perform(`${method} ${path}`, query, json);
      if (lost === 'drop') response.destroy();
      if (lost !== undefined) return;
      // The real one calls its JSON plain text.
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(JSON.stringify(body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refuse(response, error.errcode, error.message);
    }
  }

  private refuse(response: ServerResponse, errcode: number, message: string): void {
    const rid = `${randomHex(4)}-${randomHex(4)}-${randomHex(4)}`;
    const body = { errcode, errmsg: `${message}, rid: ${rid}` };
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end(JSON.stringify(body));
  }

  private perform(call: string, query: Record<string, string>, json: Json): Json {
    switch (call) {
      case 'GET /sns/jscode2session':
        return this.codeToSession(query);
      case 'POST /cgi-bin/stable_token':
        return this.stableToken(json);
      case 'POST /wxa/business/getuserphonenumber':
        return this.phoneNumber(query, json);
      default:
        throw new Refusal(40066, 'invalid url');
    }
  }

  private checkApp({ appid, secret }: { appid?: unknown; secret?: unknown }): void {
    if (appid === undefined) throw new Refusal(41002, 'appid missing');
    if (appid !== this.appid) throw new Refusal(40013, 'invalid appid');
    if (secret === undefined) throw new Refusal(41004, 'appsecret missing');
    if (secret !== this.secret) throw new Refusal(40125, 'invalid appsecret');
  }

  private codeToSession(query: Record<string, string>): Json {
    this.checkApp(query);
    if (query['grant_type'] !== 'authorization_code') throw new Refusal(40002, 'invalid grant_type');
    if (query['js_code'] === undefined) throw new Refusal(41008, 'missing code');
    const grant = this.take(query['js_code'], 'login');
    const { openid, unionid } = grant;
    const session_key = this.codes.newSession(openid);
    return { session_key, openid, ...(unionid !== undefined && { unionid }) };
  }

  private take<K extends Grant['kind']>(code: unknown, kind: K): Extract<Grant, { kind: K }> {
    const taken = this.codes.take(String(code), kind);
    if (taken === 'used') throw new Refusal(40163, 'code been used');
    if (taken === 'invalid') throw new Refusal(40029, 'invalid code');
    return taken;
  }

  private stableToken(json: Json): Json {
    this.checkApp(json);
    if (json['grant_type'] !== 'client_credential') throw new Refusal(40002, 'invalid grant_type');
    if (json['force_refresh'] === true) this.invalidateTokens();
    const now = this.now().getTime();
    this.tokens = this.tokens.filter(({ expiresAt }) => expiresAt > now);
    let current = this.tokens.find(({ expiresAt }) => expiresAt - now > OVERLAP_MS);
    if (!current) {
      current = { token: `${randomHex(8)}_${randomHex(64)}`, expiresAt: now + TOKEN_SECONDS * 1000 };
      this.tokens.push(current);
    }
    return { access_token: current.token, expires_in: Math.round((current.expiresAt - now) / 1000) };
  }

  private phoneNumber(query: Record<string, string>, json: Json): Json {
    const now = this.now();
    if (query['access_token'] === undefined) throw new Refusal(41001, 'access_token missing');
    const current = this.tokens.find(({ token }) => token === query['access_token']);
    if (!current) throw new Refusal(40001, 'invalid credential, access_token is invalid or not latest');
    if (current.expiresAt <= now.getTime()) throw new Refusal(42001, 'access_token expired');
    const { number, countryCode, openid } = this.take(json['code'], 'phone');
    if (openid !== undefined && openid !== json['openid']) throw new Refusal(40029, 'invalid code');
    const watermark = { timestamp: Math.floor(now.getTime() / 1000), appid: this.appid };
    const phoneNumber = countryCode === '86' ? number : `+${countryCode}${number}`;
    const phone_info = { phoneNumber, purePhoneNumber: number, countryCode, watermark };
    return { errcode: 0, errmsg: 'ok', phone_info };
  }

  /** What people and scripts do over HTTP; parameters come in the query or as JSON. */
  private control(path: string, parameters: Json, response: ServerResponse): void {
    const answer = this.controlled(path, parameters);
    response
      .writeHead(answer ? 200 : 404, { 'Content-Type': 'application/json' })
      .end(`${JSON.stringify(answer)}\n`);
  }

  private controlled(path: string, parameters: Json): Json | null {
    const { openid = 'o-somebody', unionid, number = '13580006666' } = parameters as Record<string, string>;
    switch (path) {
      case '/stand-in/codes':
        return { code: this.login({ openid, ...(unionid !== undefined && { unionid }) }) };
      case '/stand-in/phone-codes':
        return { code: this.sharePhone({ number }) };
      case '/stand-in/troubles':
        this.trouble(troubleOf(parameters));
        return { troubles: this.troubles.filter(({ left }) => left > 0) };
      case '/stand-in/calls':
        return { calls: this.calls };
      default:
        return null;
    }
  }
}

/** A query has numbers as text. */
function troubleOf(parameters: Json): Trouble {
  const numbers = new Set(['times', 'delayMs', 'errcode', 'status']);
  const entries = Object.entries(parameters).map(([key, value]) => [
    key,
    numbers.has(key) ? Number(value) : value,
  ]);
  return Object.fromEntries(entries) as Trouble;
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === '' ? {} : JSON.parse(text);
}
