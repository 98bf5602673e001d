import { z } from 'zod';
import { createWechatApi, type WechatCall } from '../../../src/services/wechat/api';
import { faultOf, ridOf, type WechatFailure } from '../../../src/services/wechat/errors';
import { until } from '../../contract/until';
import { SESSION } from '../../support/wechat/client';
import { WechatStandIn } from '../../support/wechat/server';

let wechat: WechatStandIn;

beforeAll(async () => {
  wechat = await WechatStandIn.start();
});

beforeEach(() => wechat.reset());

afterEach(() => jest.restoreAllMocks());

afterAll(() => wechat.stop());

const api = () => createWechatApi(wechat.url);

function session(): WechatCall<{ openid: string }> {
  const query = {
    appid: wechat.appid,
    secret: wechat.secret,
    js_code: wechat.login({ openid: 'o-lilei' }),
    grant_type: 'authorization_code',
  };
  return { method: 'GET', path: SESSION, query, answer: z.object({ openid: z.string() }) };
}

const failureOf = (answer: Promise<unknown>): Promise<WechatFailure> =>
  answer.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as WechatFailure,
  );

/** Time is up for the next calls as soon as WeChat has them. */
function noTime(calls: number): jest.SpyInstance {
  const timeout = jest.spyOn(AbortSignal, 'timeout');
  for (let call = 1; call <= calls; call += 1) {
    timeout.mockImplementationOnce(() => {
      const controller = new AbortController();
      void until(() => wechat.calls.length === call).then(() =>
        controller.abort(new DOMException('time is up', 'TimeoutError')),
      );
      return controller.signal;
    });
  }
  return timeout;
}

it('gives up on an answer that does not come, twice, after five seconds each', async () => {
  const timeout = noTime(2);
  wechat.trouble({ path: SESSION, until: new Promise(() => undefined), times: 2 });
  const failure = await failureOf(api().call(session()));
  expect(failure).toMatchObject({ fault: 'busy', errcode: null, rid: null });
  expect(failure.cause).toMatchObject({ name: 'TimeoutError' });
  expect(wechat.calls).toHaveLength(2);
  expect(timeout.mock.calls).toEqual([[5000], [5000]]);
});

it('a retry after an answer that did not come finds the code used', async () => {
  noTime(1);
  wechat.trouble({ path: SESSION, lost: 'hang' });
  expect(await failureOf(api().call(session()))).toMatchObject({ fault: 'bad-code', errcode: 40163 });
});

it('a retry that is answered is good', async () => {
  wechat.trouble({ path: SESSION, errcode: -1 });
  expect(await api().call(session())).toEqual({ openid: 'o-lilei' });
});

it.each([
  ['code been used, rid: 66454a60-46a8a44b-5f4417e6', '66454a60-46a8a44b-5f4417e6'],
  ['invalid appid rid: 608d5803-66b84dfc-005383b1', '608d5803-66b84dfc-005383b1'],
  ['appsecret missing, hints: [ req_id: qkacgByWf-jJsoNA ]', 'qkacgByWf-jJsoNA'],
  ['system error', null],
])('finds the number of the request in %j', (errmsg, rid) => {
  expect(ridOf(errmsg)).toBe(rid);
});

it.each([
  [40029, 'bad-code'],
  [40163, 'bad-code'],
  [41008, 'bad-code'],
  [40226, 'blocked'],
  [50002, 'blocked'],
  [45011, 'too-often'],
  [-1, 'busy'],
  [45009, 'busy'],
  [40013, 'misconfigured'],
  [40125, 'misconfigured'],
  [41002, 'misconfigured'],
  [41004, 'misconfigured'],
  [40164, 'misconfigured'],
  [40243, 'misconfigured'],
  [48001, 'misconfigured'],
  [40001, 'stale-access-token'],
  [40014, 'stale-access-token'],
  [42001, 'stale-access-token'],
  [12345, 'unknown'],
])('%d is %s', (errcode, fault) => {
  expect(faultOf(errcode)).toBe(fault);
});
