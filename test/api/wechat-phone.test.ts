import request, { type Test } from 'supertest';
import { linkWechatPhone } from '../../src/schemas/wechat';
import { API, makeUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import {
  newOpenid,
  PHONE,
  providersOf,
  STABLE_TOKEN,
  wechatUser,
  type WechatTokens,
} from '../support/wechat/client';
import { WechatStandIn, type Trouble } from '../support/wechat/server';

const MINUTE = 60_000;

let now = new Date();
let wechat: WechatStandIn;
/** Two processes over the same stores. */
let one: Ferry;
let two: Ferry;

beforeAll(async () => {
  wechat = await WechatStandIn.start({ now: () => now });
  one = await startFerry({ settings: wechat.settings, now: () => now });
  two = await startFerry({ settings: wechat.settings, now: () => now, wrapStores: () => one.stores });
});

afterAll(async () => {
  await two.stop();
  await one.stop();
  await wechat.stop();
});

beforeEach(() => wechat.reset());

const link = (user: { accessToken: string }, body: object, house = one): Test =>
  request(house.url)
    .post(`${API}/auth/wechat/phone`)
    .set('Authorization', `Bearer ${user.accessToken}`)
    .send(body);

const code = (number = '13580006666') => wechat.sharePhone({ number });

/** The user's numbers as they are stored. */
async function numbersOf({ user }: WechatTokens): Promise<string[]> {
  const identities = await one.stores.sql.identities.listOf(user.id);
  return identities.filter(({ provider }) => provider === 'phone').map(({ subject }) => subject);
}

describe('POST /auth/wechat/phone', () => {
  it('links the number', async () => {
    const openid = newOpenid();
    const user = await wechatUser(one, wechat, { openid });
    const given = wechat.sharePhone({ number: '13580006666', openid });
    const answer = await link(user, { code: given }).expect(200);
    expect(linkWechatPhone.responses[200]?.schema?.parse(answer.body)).toEqual(answer.body);
    expect(providersOf(answer.body as WechatTokens)).toEqual(['phone', `wechat:${wechat.appid}`]);
    expect(await numbersOf(user)).toEqual(['+8613580006666']);
    expect(wechat.callsOf(PHONE).map(({ json }) => json)).toEqual([{ code: given, openid }]);
  });

  it('knows numbers of other countries, whose code may be a number', async () => {
    const user = await wechatUser(one, wechat);
    await link(user, { code: wechat.sharePhone({ number: '5551234', countryCode: '1' }) }).expect(200);
    expect(await numbersOf(user)).toEqual(['+15551234']);
    const watermark = { appid: wechat.appid, timestamp: 1 };
    const phone_info = { phoneNumber: '135', purePhoneNumber: '13580007777', countryCode: 86, watermark };
    wechat.trouble({ path: PHONE, body: JSON.stringify({ phone_info }) });
    await link(user, { code: 'any' }).expect(200);
    expect(await numbersOf(user)).toEqual(['+8613580007777']);
  });

  it('has one number for a user, and one user for a number', async () => {
    const [first, second] = await Promise.all([wechatUser(one, wechat), wechatUser(one, wechat)]);
    for (const number of ['13500000001', '13500000001', '13500000002']) {
      await link(first, { code: code(number) }).expect(200);
    }
    expect(await numbersOf(first)).toEqual(['+8613500000002']);
    await link(second, { code: code('13500000002') }).expect(200);
    expect(await numbersOf(first)).toEqual([]);
    expect(await numbersOf(second)).toEqual(['+8613500000002']);
  });

  it('gives a number to one of those who prove it at the same moment', async () => {
    const users = await Promise.all(Array.from({ length: 6 }, () => wechatUser(one, wechat)));
    await Promise.all(users.map((user) => link(user, { code: code('13500000003') }).expect(200)));
    const numbers = await Promise.all(users.map(numbersOf));
    expect(numbers.flat()).toEqual(['+8613500000003']);
  });

  it('takes encrypted data from old clients', async () => {
    const openid = newOpenid();
    const user = await wechatUser(one, wechat, { openid });
    const data = wechat.sharePhoneEncrypted(openid, '13500000004');
    await link(user, data, two).expect(200);
    expect(await numbersOf(user)).toEqual(['+8613500000004']);
    expect(wechat.callsOf(PHONE)).toEqual([]);
  });

  it('says the same of all encrypted data that cannot be read', async () => {
    const [mine, theirs] = [newOpenid(), newOpenid()];
    const user = await wechatUser(one, wechat, { openid: mine });
    await wechatUser(one, wechat, { openid: theirs });
    const good = wechat.sharePhoneEncrypted(mine, '13500000005');
    await wechatUser(one, wechat, { openid: mine });
    const bad = [
      wechat.sharePhoneEncrypted(theirs, '13500000005'),
      good,
      { ...good, iv: 'AAAA' },
      { ...good, encryptedData: 'AAAA' },
    ];
    const problems: unknown[] = [];
    for (const data of bad) {
      const { requestId, ...problem } = expectProblem(await link(user, data), 400, 'invalid_grant');
      expect(requestId).toMatch(/./);
      problems.push(problem);
    }
    expect(new Set(problems.map((problem) => JSON.stringify(problem))).size).toBe(1);
    expect(await numbersOf(user)).toEqual([]);
  });

  it('is for users of WeChat', async () => {
    expectProblem(await link(await makeUser(one), { code: code() }), 409, 'conflict');
    const answer = await request(one.url).post(`${API}/auth/wechat/phone`).send({ code: code() });
    expectProblem(answer, 401, 'unauthenticated');
    expect(wechat.callsOf(PHONE)).toEqual([]);
  });

  it('refuses codes that are used, old, somebody else’s or for signing in', async () => {
    const user = await wechatUser(one, wechat);
    const used = code();
    await link(user, { code: used }).expect(200);
    const codes = [
      used,
      wechat.sharePhone({ number: '1', openid: 'o-another' }),
      wechat.login({ openid: 'o' }),
    ];
    for (const bad of codes) expectProblem(await link(user, { code: bad }), 400, 'invalid_grant');
  });

  it.each([
    ['nothing', {}],
    ['both', { code: 'a', encryptedData: 'aaaa', iv: 'aaaa' }],
    ['encrypted data alone', { encryptedData: 'aaaa' }],
    ['an iv alone', { iv: 'aaaa' }],
    ['no text', { code: 7 }],
    ['no base64', { encryptedData: 'a b', iv: 'aaaa' }, 'encryptedData'],
    ['a number of one’s own', { code: 'a', phoneNumber: '+861' }, 'phoneNumber'],
  ])('refuses %s', async (_, body, path = 'code') => {
    const problem = expectProblem(await link(await wechatUser(one, wechat), body), 400, 'invalid_request');
    expect(problem.errors?.map((error) => error.path)).toEqual([path]);
  });

  it('refuses a number that WeChat gave to another mini-program', async () => {
    const watermark = { appid: 'wxanother', timestamp: 1 };
    const phone_info = { purePhoneNumber: '13580007777', countryCode: '86', watermark };
    wechat.trouble({ path: PHONE, body: JSON.stringify({ phone_info }) });
    const user = await wechatUser(one, wechat);
    expectProblem(await link(user, { code: 'any' }), 502, 'upstream_failed');
  });
});

describe('the access token', () => {
  /** Nobody has a token yet, or the one they have ended long ago. */
  function later(ms: number): void {
    now = new Date(now.getTime() + ms);
  }

  const tokens = () => wechat.callsOf(STABLE_TOKEN);

  async function users(count: number): Promise<WechatTokens[]> {
    return Promise.all(Array.from({ length: count }, () => wechatUser(one, wechat)));
  }

  async function linkAll(everybody: WechatTokens[]): Promise<number[]> {
    const answers = everybody.map((user, index) =>
      link(user, { code: code(`1360000${1000 + index}`) }, index % 2 === 0 ? one : two),
    );
    return (await Promise.all(answers)).map(({ status }) => status);
  }

  it('is fetched once for all processes, and again five minutes before its end', async () => {
    later(120 * MINUTE);
    expect(await linkAll(await users(12))).toEqual(Array<number>(12).fill(200));
    const { appid, secret } = wechat;
    expect(tokens().map(({ json }) => json)).toEqual([{ grant_type: 'client_credential', appid, secret }]);
    later(115 * MINUTE - 1);
    await linkAll(await users(1));
    expect(tokens()).toHaveLength(1);
    later(1);
    expect(await linkAll(await users(12))).toEqual(Array<number>(12).fill(200));
    expect(tokens()).toHaveLength(2);
  });

  it('is fetched anew, once, when somebody else made WeChat forget it', async () => {
    const everybody = await users(8);
    await linkAll(everybody);
    wechat.reset();
    wechat.invalidateTokens();
    expect(await linkAll(everybody)).toEqual(Array<number>(8).fill(200));
    expect(tokens()).toHaveLength(1);
    expect(new Set(wechat.callsOf(PHONE).map(({ query }) => query['access_token'])).size).toBe(2);
  });

  it.each([40001, 40014, 42001])('is tried twice on %d, then 503', async (errcode) => {
    const [user] = (await users(1)) as [WechatTokens];
    wechat.trouble({ path: PHONE, errcode });
    await link(user, { code: code() }).expect(200);
    wechat.trouble({ path: PHONE, errcode, times: 2 });
    const answer = await link(user, { code: code() });
    expectProblem(answer, 503, 'unavailable');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(wechat.callsOf(PHONE)).toHaveLength(4);
  });

  it.each<[string, Partial<Trouble>, number, string, string | undefined]>([
    ['our secret', { errcode: 40125 }, 502, 'upstream_failed', undefined],
    ['our secret, said otherwise', { errcode: 40001 }, 502, 'upstream_failed', undefined],
    ['our address', { errcode: 40164 }, 502, 'upstream_failed', undefined],
    ['our frequency', { errcode: 45011 }, 503, 'unavailable', '60'],
    ['our quota', { errcode: 45009, times: 2 }, 503, 'unavailable', '5'],
    ['no JSON', { body: '', times: 2 }, 503, 'unavailable', '5'],
  ])('is not to be had for %s', async (_, trouble, status, problem, retryAfter) => {
    const [user] = (await users(1)) as [WechatTokens];
    wechat.invalidateTokens();
    wechat.trouble({ path: STABLE_TOKEN, ...trouble });
    const answer = await link(user, { code: code() });
    expectProblem(answer, status, problem);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    await link(user, { code: code() }).expect(200);
  });
});
