/**
 * Starts the stand-in for WeChat, so that signing in can be tried without a mini-program.
 *
 *   npm run wechat -- [port]      3100 by default
 */
import { WechatStandIn } from '../test/support/wechat/server';

async function main(): Promise<void> {
  const wechat = await WechatStandIn.start({ port: Number(process.argv[2] ?? 3100) });
  const settings = Object.entries(wechat.settings).map(([key, value]) => `    ${key}=${value} \\`);
  const code = wechat.login({ openid: 'o-lilei' });
  process.stdout.write(`
  The stand-in for WeChat is listening at ${wechat.url}

  Start Ferry with it:

${settings.join('\n')}
    npm start

  Sign in; the code is good once, for five minutes:

    curl -s http://127.0.0.1:3000/api/v1/auth/wechat -H 'Content-Type: application/json' \\
      -d '{"code":"${code}"}'

  More codes, and what may go wrong (by browser or curl):

    ${wechat.url}/stand-in/codes?openid=o-hanmeimei&unionid=u-1
    ${wechat.url}/stand-in/phone-codes?number=13580006666
    ${wechat.url}/stand-in/troubles?path=/sns/jscode2session&errcode=45011&times=2
    ${wechat.url}/stand-in/calls

`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
