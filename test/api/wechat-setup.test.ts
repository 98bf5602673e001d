import request from 'supertest';
import { API } from '../support/factories';
import { override } from '../support/faults';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';
import {
  newOpenid,
  PHONE,
  providersOf,
  SESSION,
  wechatSignIn,
  type WechatTokens,
} from '../support/wechat/client';
import { WechatStandIn } from '../support/wechat/server';

let ferry: Ferry;

afterEach(() => ferry.stop());

const linkPhone = (accessToken: string, body: object) =>
  request(ferry.url)
    .post(`${API}/auth/wechat/phone`)
    .set('Authorization', `Bearer ${accessToken}`)
    .send(body);

describe('without a mini-program', () => {
  it('signing in by WeChat is not implemented', async () => {
    ferry = await startFerry();
    for (const code of ['any', 'dev:lilei'])
      expectProblem(await wechatSignIn(ferry, code), 501, 'not_implemented');
  });
});

describe('in development', () => {
  it('a code dev:<name> signs in as that name, as often as one likes', async () => {
    ferry = await startFerry({ settings: { WECHAT_DEV: '1' } });
    const first = await wechatSignIn(ferry, 'dev:李雷').expect(201);
    const { user } = first.body as WechatTokens;
    expect(user.displayName).toBe('李雷');
    expect(providersOf({ user })).toEqual(['wechat:dev']);
    const again = await wechatSignIn(ferry, 'dev:李雷').expect(200);
    expect((again.body as WechatTokens).user).toEqual(user);
    const other = await wechatSignIn(ferry, 'dev:韩梅梅').expect(201);
    expect((other.body as WechatTokens).user.id).not.toBe(user.id);
    for (const code of ['lilei', 'dev:', `dev:${'x'.repeat(65)}`]) {
      expectProblem(await wechatSignIn(ferry, code), 400, 'invalid_grant');
    }
  });

  it('a code dev:<number> is a phone number', async () => {
    ferry = await startFerry({ settings: { WECHAT_DEV: '1' } });
    const { accessToken } = (await wechatSignIn(ferry, 'dev:lilei')).body as WechatTokens;
    const linked = await linkPhone(accessToken, { code: 'dev:13580006666' }).expect(200);
    expect(providersOf(linked.body as WechatTokens)).toEqual(['phone', 'wechat:dev']);
    expect(await ferry.stores.sql.identities.find('phone', '+8613580006666')).not.toBeNull();
    await linkPhone(accessToken, { code: 'dev:+15551234' }).expect(200);
    expect(await ferry.stores.sql.identities.find('phone', '+15551234')).not.toBeNull();
    for (const body of [
      { code: 'dev:lilei' },
      { code: '13580006666' },
      { encryptedData: 'AAAA', iv: 'AAAA' },
    ]) {
      expectProblem(await linkPhone(accessToken, body), 400, 'invalid_grant');
    }
  });

  it('has the real mini-program beside it', async () => {
    const wechat = await WechatStandIn.start();
    try {
      ferry = await startFerry({ settings: { ...wechat.settings, WECHAT_DEV: '1' } });
      await wechatSignIn(ferry, 'dev:lilei').expect(201);
      expect(wechat.calls).toEqual([]);
      await wechatSignIn(ferry, wechat.login({ openid: 'lilei' })).expect(201);
    } finally {
      await wechat.stop();
    }
  });
});

describe('secrets', () => {
  it('stay where they belong', async () => {
    const wechat = await WechatStandIn.start();
    const stored: string[] = [];
    const told: string[] = [];
    ferry = await startFerry({
      settings: wechat.settings,
      wrapStores: (stores) => ({
        ...stores,
        keyvalue: override(stores.keyvalue, {
          set: (key, value, options) => {
            stored.push(key, value);
            return stores.keyvalue.set(key, value, options);
          },
        }),
      }),
    });
    const codes: string[] = [];
    const signIn = async (openid: string) => {
      const code = wechat.login({ openid });
      codes.push(code);
      const answer = await wechatSignIn(ferry, code);
      told.push(answer.text, JSON.stringify(answer.headers));
      return answer.body as WechatTokens;
    };
    try {
      const openid = newOpenid();
      const { accessToken, user } = await signIn(openid);
      const link = async (body: object) => {
        const answer = await linkPhone(accessToken, body);
        told.push(answer.text, JSON.stringify(answer.headers));
      };
      await link({ code: wechat.sharePhone({ number: '13580006666' }) });
      await link(wechat.sharePhoneEncrypted(openid, '13580006666'));
      for (const path of [SESSION, PHONE]) {
        const session = `{"session_key":"${wechat.sessionKeys[0] ?? ''}"}`;
        for (const trouble of [{ errcode: 40125 }, { body: session, times: 2 }, { status: 500, times: 2 }]) {
          wechat.trouble({ path, ...trouble });
          if (path === SESSION) await signIn(newOpenid());
          else await link({ code: wechat.sharePhone({ number: '13580006666' }) });
        }
        wechat.trouble({ path, lost: 'drop', times: 2 });
        if (path === SESSION) await signIn(newOpenid());
        else await link({ code: wechat.sharePhone({ number: '13580006666' }) });
      }
      const tokens = wechat.callsOf(PHONE).map(({ query }) => query['access_token'] ?? '');
      const secrets = [wechat.secret, ...wechat.sessionKeys, ...tokens, ...codes];
      expect(secrets.length).toBeGreaterThan(8);
      const logged = JSON.stringify(ferry.logged);
      expect(logged).toContain(user.id);
      for (const secret of secrets) {
        expect(secret).not.toBe('');
        for (const place of [logged, told.join('\n'), stored.join('\n')]) expect(place).not.toContain(secret);
      }
      for (const place of [logged, told.join('\n'), stored.join('\n')])
        expect(place).not.toContain('13580006666');
      expect(stored.join('\n')).not.toContain(accessToken);
      expect(stored.some((text) => text.startsWith('wechat:session-key:'))).toBe(true);
    } finally {
      await wechat.stop();
    }
  });
});
