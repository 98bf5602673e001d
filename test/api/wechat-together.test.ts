import type { Response } from 'supertest';
import { until } from '../contract/until';
import { startFerry, type Ferry } from '../support/ferry';
import { override } from '../support/faults';
import { expectProblem } from '../support/problems';
import { newOpenid, SESSION, wechatSignIn, wechatUser, type WechatTokens } from '../support/wechat/client';
import { WechatStandIn, type Trouble } from '../support/wechat/server';

let wechat: WechatStandIn;
/** Two processes over the same stores. */
let one: Ferry;
let two: Ferry;

beforeAll(async () => {
  wechat = await WechatStandIn.start();
  one = await startFerry({ settings: wechat.settings });
  two = await startFerry({ settings: wechat.settings, wrapStores: () => one.stores });
});

afterAll(async () => {
  await two.stop();
  await one.stop();
  await wechat.stop();
});

beforeEach(() => wechat.reset());

afterEach(() => jest.restoreAllMocks());

/** So many calls with the code at each process, all of which are in the house before WeChat answers. */
async function together(
  code: string,
  houses: Ferry[],
  each: number,
  trouble: Partial<Trouble> = {},
): Promise<Response[]> {
  const spies = houses.map(({ services }) => jest.spyOn(services.wechat, 'signIn'));
  let answerNow: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (answerNow = resolve));
  wechat.trouble({ path: SESSION, until: held, ...trouble });
  const calls = houses.flatMap((house) =>
    Array.from({ length: each }, () => wechatSignIn(house, code).then((answer) => answer)),
  );
  await until(() => spies.every((spy) => spy.mock.calls.length === each) && wechat.calls.length > 0);
  answerNow();
  return Promise.all(calls);
}

const tokensOf = (answers: Response[]) => answers.map(({ body }) => body as WechatTokens);

async function signInsOf(userId: string): Promise<number> {
  return (await one.stores.sql.signIns.listAlive(userId, new Date())).length;
}

describe('equal codes at the same moment', () => {
  it.each([
    ['50 in one process', () => [one], 50],
    ['25 in each of two processes', () => [one, two], 25],
  ])(
    '%s: one question to WeChat, one user, one sign-in, the same tokens for all',
    async (_, houses, each) => {
      const code = wechat.login({ openid: newOpenid() });
      const answers = await together(code, houses(), each);
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(49).fill(200), 201]);
      const [first, ...others] = tokensOf(answers);
      for (const other of others) expect(other).toEqual(first);
      expect(wechat.callsOf(SESSION)).toHaveLength(1);
      expect(await signInsOf(first?.user.id ?? '')).toBe(1);
      for (const house of [one, two]) expectProblem(await wechatSignIn(house, code), 400, 'invalid_grant');
    },
  );

  it.each([
    ['a user that WeChat blocks', { errcode: 40226 }, 403, 'forbidden', 1],
    ['WeChat being down', { status: 500, times: 2 }, 503, 'unavailable', 2],
    ['our configuration', { errcode: 40164 }, 502, 'upstream_failed', 1],
  ])('fail together: %s', async (_, trouble, status, code, questions) => {
    const answers = await together(wechat.login({ openid: newOpenid() }), [one, two], 5, trouble);
    expect(answers).toHaveLength(10);
    for (const answer of answers) expectProblem(answer, status, code);
    expect(wechat.callsOf(SESSION)).toHaveLength(questions);
  });

  it('are told apart by the code alone', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => wechatUser(one, wechat)));
    expect(new Set(users.map(({ user }) => user.id)).size).toBe(20);
  });

  it('make one user of an openid that comes with many codes', async () => {
    const openid = newOpenid();
    const users = await Promise.all(
      [one, two, one, two, one, two].map((house) => wechatUser(house, wechat, { openid })),
    );
    const ids = new Set(users.map(({ user }) => user.id));
    expect(ids.size).toBe(1);
    expect(await signInsOf([...ids][0] ?? '')).toBe(6);
  });

  it('share nothing with a call that ended badly on our side', async () => {
    let broken = true;
    const house = await startFerry({
      settings: wechat.settings,
      wrapStores: (stores) => ({
        ...stores,
        sql: override(stores.sql, {
          transaction: (work) =>
            broken ? Promise.reject(new Error('broken')) : stores.sql.transaction(work),
        }),
      }),
    });
    try {
      const openid = newOpenid();
      const code = wechat.login({ openid });
      for (const answer of await together(code, [house], 3)) expectProblem(answer, 500, 'internal');
      broken = false;
      expectProblem(await wechatSignIn(house, code), 400, 'invalid_grant');
      await wechatSignIn(house, wechat.login({ openid })).expect(201);
    } finally {
      await house.stop();
    }
  });
});
