import request, { type Test } from 'supertest';
import { API } from '../factories';
import type { Ferry } from '../ferry';
import type { WechatStandIn } from './server';

export const SESSION = '/sns/jscode2session';
export const STABLE_TOKEN = '/cgi-bin/stable_token';
export const PHONE = '/wxa/business/getuserphonenumber';

/** What a mini-program gets when somebody signs in. */
export interface WechatTokens {
  user: { id: string; username: null; displayName: string; identities: { provider: string }[] };
  accessToken: string;
  refreshToken: string;
}

let count = 0;

/** Somebody whom nobody knows yet. */
export function newOpenid(): string {
  count += 1;
  return `o-openid_${count}`;
}

export function wechatSignIn(ferry: Ferry, code: unknown): Test {
  return request(ferry.url).post(`${API}/auth/wechat`).send({ code });
}

/** Somebody signs in; it has to succeed. */
export async function wechatUser(
  ferry: Ferry,
  wechat: WechatStandIn,
  user: { openid?: string; unionid?: string } = {},
): Promise<WechatTokens> {
  const answer = await wechatSignIn(ferry, wechat.login({ openid: newOpenid(), ...user }));
  expect([200, 201]).toContain(answer.status);
  return answer.body as WechatTokens;
}

/** How the user may sign in, sorted. */
export function providersOf({ user }: Pick<WechatTokens, 'user'>): string[] {
  return user.identities.map(({ provider }) => provider).sort();
}
