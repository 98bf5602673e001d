/**
 * Plays a mini-program against Ferry and the stand-in for WeChat, and prints what they say to each other: signing in,
 * a refresh, and a refresh token that was stolen.
 *
 *   npm run wechat:transcript
 */
import { startFerry } from '../test/support/ferry';
import { WechatStandIn } from '../test/support/wechat/server';

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

const SHOWN = 24;

let now = new Date();

async function main(): Promise<void> {
  const wechat = await WechatStandIn.start();
  const ferry = await startFerry({ settings: wechat.settings, now: () => now });
  const call = <T>(method: string, path: string, body?: object, token?: string) =>
    say<T>(ferry.url, method, path, body, token);
  try {
    step('wx.login gives the mini-program a code, which Ferry changes for the user at WeChat');
    const code = wechat.login({ openid: 'o-lilei', unionid: 'u-lilei' });
    const first = await call<Tokens>('POST', '/auth/wechat', { code });
    step('The code is good once');
    await call('POST', '/auth/wechat', { code });
    step('The next code signs in the same user');
    await call('POST', '/auth/wechat', { code: wechat.login({ openid: 'o-lilei' }) });
    step('Who am I?');
    await call('GET', '/users/me', undefined, first.accessToken);
    step('The number that WeChat vouches for');
    const phone = wechat.sharePhone({ number: '13580006666', openid: 'o-lilei' });
    await call('POST', '/auth/wechat/phone', { code: phone }, first.accessToken);
    step('New tokens for old ones');
    const second = await call<Tokens>('POST', '/auth/refresh', { refreshToken: first.refreshToken });
    step('A minute later somebody comes with the old refresh token again: it was stolen');
    now = new Date(now.getTime() + 60_000);
    await call('POST', '/auth/refresh', { refreshToken: first.refreshToken });
    step('The sign-in is dead, for the thief and for the owner');
    await call('GET', '/users/me', undefined, second.accessToken);
    await call('POST', '/auth/refresh', { refreshToken: second.refreshToken });
    step('The owner signs in with a new code');
    await call('POST', '/auth/wechat', { code: wechat.login({ openid: 'o-lilei' }) });
    step('WeChat has a bad day: Ferry asks once more');
    wechat.trouble({ path: '/sns/jscode2session', errcode: -1, errmsg: 'system error', times: 2 });
    await call('POST', '/auth/wechat', { code: wechat.login({ openid: 'o-lilei' }) });
  } finally {
    await ferry.stop();
    await wechat.stop();
  }
}

function step(title: string): void {
  process.stdout.write(`\n# ${title}\n`);
}

/** Calls, and prints the question and the answer with long secrets cut short. */
async function say<T>(url: string, method: string, path: string, body?: object, token?: string): Promise<T> {
  const question = [method, `/api/v1${path}`, body && JSON.stringify(body)].filter(Boolean).join(' ');
  process.stdout.write(`> ${shorten(question)}\n`);
  if (token !== undefined) process.stdout.write(`> Authorization: Bearer ${token.slice(0, SHOWN)}…\n`);
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T;
  process.stdout.write(`${response.status} ${shorten(JSON.stringify(answer))}\n`);
  return answer;
}

/** Tokens are long; their beginning tells them apart. */
function shorten(text: string): string {
  return text.replace(
    /("(?:accessToken|refreshToken)":")([^"]+)"/g,
    (_, name: string, value: string) =>
      `${name}${value.slice(0, name.includes('access') ? SHOWN : SHOWN + 11)}…"`,
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
