import request from 'supertest';
import { signInByWechat } from '../../src/schemas/wechat';
import { API } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import {
  newOpenid,
  providersOf,
  SESSION,
  wechatSignIn,
  wechatUser,
  type WechatTokens,
} from '../support/wechat/client';
import { WechatStandIn, type Trouble } from '../support/wechat/server';

let now = new Date();
let wechat: WechatStandIn;
let ferry: Ferry;

beforeAll(async () => {
  wechat = await WechatStandIn.start({ now: () => now });
  ferry = await startFerry({ settings: wechat.settings });
});

afterAll(async () => {
  await ferry.stop();
  await wechat.stop();
});

beforeEach(() => {
  now = new Date();
  wechat.reset();
});

const signIn = (code: unknown, at = ferry) => wechatSignIn(at, code);
const signedIn = (user: { openid?: string; unionid?: string }) => wechatUser(ferry, wechat, user);

/** What was logged at error level, with the cause. */
const faults = () =>
  ferry.logged.filter(({ level }) => level === 50) as {
    err: { message: string; rid: string; errcode: number };
  }[];

describe('POST /auth/wechat', () => {
  it('makes the user with the first code, and signs in with the next', async () => {
    const openid = newOpenid();
    const first = await signIn(wechat.login({ openid })).expect(201);
    expect(signInByWechat.responses[201]?.schema?.parse(first.body)).toEqual(first.body);
    expect(first.headers['cache-control']).toBe('no-store');
    const { user, accessToken } = first.body as WechatTokens;
    expect(user).toMatchObject({
      username: null,
      displayName: expect.stringMatching(/^微信用户\d{4}$/) as string,
    });
    expect(providersOf(first.body as WechatTokens)).toEqual([`wechat:${wechat.appid}`]);

    const second = await signIn(wechat.login({ openid })).expect(200);
    expect((second.body as WechatTokens).user).toEqual(user);
    expect((second.body as WechatTokens).refreshToken).not.toBe((first.body as WechatTokens).refreshToken);
    const me = await request(ferry.url)
      .get(`${API}/users/me`)
      .set('Authorization', `Bearer ${accessToken}`)
      .expect(200);
    expect(me.body).toEqual(user);
  });

  it('asks WeChat as its documentation says, whatever is in the code', async () => {
    const code = 'a&b=c%20d e+f#g?你';
    expectProblem(await signIn(code), 400, 'invalid_grant');
    const { appid, secret } = wechat;
    expect(wechat.calls).toEqual([
      {
        path: SESSION,
        query: { appid, secret, js_code: code, grant_type: 'authorization_code' },
        json: {},
      },
    ]);
  });

  it('refuses a used code and one that is five minutes old', async () => {
    const code = wechat.login({ openid: newOpenid() });
    await signIn(code).expect(201);
    expectProblem(await signIn(code), 400, 'invalid_grant');
    const old = wechat.login({ openid: newOpenid() });
    now = new Date(now.getTime() + 5 * 60_000);
    expectProblem(await signIn(old), 400, 'invalid_grant');
  });

  it('is not for a suspended user', async () => {
    const openid = newOpenid();
    const { user } = await signedIn({ openid });
    await ferry.stores.sql.users.update(user.id, { suspendedAt: new Date() });
    expectProblem(await signIn(wechat.login({ openid })), 403, 'forbidden');
  });

  it.each([
    ['no code', {}],
    ['an empty one', { code: '' }],
    ['one of 513 characters', { code: 'x'.repeat(513) }],
    ['a number', { code: 5 }],
    ['an operator', { code: { $ne: null } }],
    ['a list', { code: ['a'] }],
    ['half a surrogate pair', '{"code":"\\ud83d"}'],
  ])('refuses %s without asking WeChat', async (_, body) => {
    const answer = await request(ferry.url)
      .post(`${API}/auth/wechat`)
      .set('Content-Type', 'application/json')
      .send(body);
    expect(expectProblem(answer, 400, 'invalid_request').errors?.map(({ path }) => path)).toEqual(['code']);
    expect(wechat.calls).toEqual([]);
  });

  it('refuses a field that it does not know', async () => {
    const answer = await request(ferry.url).post(`${API}/auth/wechat`).send({ code: 'x', openid: 'o' });
    expectProblem(answer, 400, 'invalid_request');
  });
});

describe('what WeChat answers', () => {
  const row = (trouble: Omit<Trouble, 'path'>) => wechat.trouble({ path: SESSION, ...trouble });

  it.each([
    [40029, 400, 'invalid_grant', 1],
    [40163, 400, 'invalid_grant', 1],
    [41008, 400, 'invalid_grant', 1],
    [40226, 403, 'forbidden', 1],
    [50002, 403, 'forbidden', 1],
    [45011, 429, 'rate_limited', 1],
    [45009, 503, 'unavailable', 2],
    [-1, 503, 'unavailable', 2],
    [40013, 502, 'upstream_failed', 1],
    [40125, 502, 'upstream_failed', 1],
    [41002, 502, 'upstream_failed', 1],
    [41004, 502, 'upstream_failed', 1],
    [40164, 502, 'upstream_failed', 1],
    [40243, 502, 'upstream_failed', 1],
    [48001, 502, 'upstream_failed', 1],
    [40001, 503, 'unavailable', 1],
    [99999, 502, 'upstream_failed', 1],
  ])('%d: %d %s after %d call(s)', async (errcode, status, code, calls) => {
    row({ errcode, errmsg: 'a secret of the house', times: calls });
    const answer = await signIn(wechat.login({ openid: newOpenid() }));
    const problem = expectProblem(answer, status, code);
    expect(wechat.callsOf(SESSION)).toHaveLength(calls);
    expect(JSON.stringify(problem)).not.toMatch(/secret of the house|rid|jscode2session/);
    if (status === 503) expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    if (status === 429) {
      expect(answer.headers).toMatchObject({
        'retry-after': '60',
        'ratelimit-policy': expect.any(String) as string,
      });
    }
  });

  it('logs a fault of ours with WeChat’s number of the request', async () => {
    ferry.logged.length = 0;
    row({ errcode: 40164, errmsg: 'invalid ip 203.0.113.7, not in whitelist\nforged line' });
    expectProblem(await signIn(wechat.login({ openid: newOpenid() })), 502, 'upstream_failed');
    const [fault] = faults();
    expect(faults()).toHaveLength(1);
    expect(fault?.err).toMatchObject({
      errcode: 40164,
      rid: expect.stringMatching(/^[\da-f]{8}-[\da-f]{8}-[\da-f]{8}$/) as string,
      message: expect.stringMatching(
        / 40164: invalid ip 203\.0\.113\.7, not in whitelist forged line, rid: /,
      ) as string,
    });
  });

  it.each<[string, Omit<Trouble, 'path'>]>([
    ['status 500', { status: 500 }],
    ['status 502 with JSON', { status: 502, body: '{"openid":"o","session_key":"s"}' }],
    ['what is no JSON', { body: '<html>busy</html>' }],
    ['nothing', { body: '' }],
    ['JSON of another shape', { body: '{"openid":5}' }],
    ['no object', { body: 'null' }],
    ['a session without an openid', { body: '{"session_key":"not for the log"}' }],
    ['-1', { errcode: -1 }],
    ['45009', { errcode: 45009 }],
  ])('%s: once more, then 503', async (_, trouble) => {
    const code = wechat.login({ openid: newOpenid() });
    row({ ...trouble, times: 2 });
    const answer = await signIn(code);
    expectProblem(answer, 503, 'unavailable');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(wechat.callsOf(SESSION)).toHaveLength(2);
    row(trouble);
    await signIn(code).expect(201);
    expect(wechat.callsOf(SESSION)).toHaveLength(4);
  });

  it('a lost answer: the retry finds the code used', async () => {
    const code = wechat.login({ openid: newOpenid() });
    row({ lost: 'drop' });
    expectProblem(await signIn(code), 400, 'invalid_grant');
    expect(wechat.callsOf(SESSION)).toHaveLength(2);
  });

  it('a redirection is not followed: it would carry the secret elsewhere', async () => {
    row({ status: 307, location: '/elsewhere', times: 2 });
    expectProblem(await signIn(wechat.login({ openid: newOpenid() })), 503, 'unavailable');
    expect(wechat.calls.map(({ path }) => path)).toEqual([SESSION, SESSION]);
  });

  it.each([
    ['appid', { WECHAT_APPID: 'wxsomebodyelse' }, 40013],
    ['secret', { WECHAT_SECRET: 'wrong' }, 40125],
  ])('a wrong %s is our fault', async (_, settings, errcode) => {
    const other = await startFerry({ settings: { ...wechat.settings, ...settings } });
    try {
      expectProblem(await signIn(wechat.login({ openid: newOpenid() }), other), 502, 'upstream_failed');
      expect(other.logged).toContainEqual(
        expect.objectContaining({ level: 50, err: expect.objectContaining({ errcode }) as object }),
      );
    } finally {
      await other.stop();
    }
  });

  it('no WeChat at all is 503', async () => {
    const gone = await WechatStandIn.start();
    const { settings } = gone;
    await gone.stop();
    const other = await startFerry({ settings });
    try {
      expectProblem(await signIn('any', other), 503, 'unavailable');
    } finally {
      await other.stop();
    }
  });
});

describe('unionid', () => {
  it('may come later, and is linked then', async () => {
    const openid = newOpenid();
    const before = await signedIn({ openid });
    const after = await signedIn({ openid, unionid: `u-${openid}` });
    expect(after.user.id).toBe(before.user.id);
    expect(providersOf(after)).toEqual(['wechat-union', `wechat:${wechat.appid}`]);
    expect((await signedIn({ openid })).user).toEqual(after.user);
  });

  it('makes one user of two openids', async () => {
    const unionid = `u-${newOpenid()}`;
    const one = await signedIn({ openid: newOpenid(), unionid });
    const openid = newOpenid();
    const two = await signedIn({ openid, unionid });
    expect(two.user.id).toBe(one.user.id);
    expect(providersOf(two)).toEqual(['wechat-union', `wechat:${wechat.appid}`, `wechat:${wechat.appid}`]);
    expect((await signedIn({ openid })).user.id).toBe(one.user.id);
  });

  it('makes one user of two openids at the same moment', async () => {
    const unionid = `u-${newOpenid()}`;
    const users = await Promise.all(
      Array.from({ length: 6 }, () => signedIn({ openid: newOpenid(), unionid })),
    );
    expect(new Set(users.map(({ user }) => user.id)).size).toBe(1);
    expect(providersOf(await signedIn({ openid: newOpenid(), unionid }))).toHaveLength(8);
  });

  it('does not move a user who is there already', async () => {
    const [mine, theirs] = [newOpenid(), newOpenid()];
    const before = await signedIn({ openid: mine });
    await signedIn({ openid: theirs, unionid: `u-${theirs}` });
    const after = await signedIn({ openid: mine, unionid: `u-${theirs}` });
    expect(after.user).toEqual(before.user);
  });

  it('counts as none when it is empty', async () => {
    expect(providersOf(await signedIn({ openid: newOpenid(), unionid: '' }))).toHaveLength(1);
  });
});
