import { readConfig } from '../../src/config';

describe('settings of WeChat', () => {
  it.each([
    ['an AppID alone', { WECHAT_APPID: 'wx1' }, 'WECHAT_SECRET should be set where WECHAT_APPID is'],
    ['a secret alone', { WECHAT_SECRET: 's' }, 'WECHAT_APPID should be set where WECHAT_SECRET is'],
    [
      'an AppID with a blank',
      { WECHAT_APPID: 'wx 1', WECHAT_SECRET: 's' },
      /^WECHAT_APPID should be the AppID/,
    ],
    [
      'an address that is none',
      { WECHAT_API: 'api.weixin.qq.com' },
      /^WECHAT_API should be an http or https URL/,
    ],
    ['WECHAT_DEV=yes', { WECHAT_DEV: 'yes' }, 'WECHAT_DEV should be 0 or 1'],
    [
      'development in production',
      { WECHAT_DEV: '1', NODE_ENV: 'production' },
      /^WECHAT_DEV .* in production/,
    ],
  ])('%s stops the start', (_, settings, message) => {
    expect(() => readConfig(settings)).toThrow(message);
  });

  it('point to WeChat unless told otherwise', () => {
    const app = { appid: 'wx1', secret: 's' };
    const settings = { WECHAT_APPID: 'wx1', WECHAT_SECRET: 's' };
    expect(readConfig({}).wechat).toEqual({ app: null, api: 'https://api.weixin.qq.com', dev: false });
    const { wechat } = readConfig({ ...settings, WECHAT_API: 'http://localhost:3100/', WECHAT_DEV: '1' });
    expect(wechat).toEqual({ app, api: 'http://localhost:3100', dev: true });
  });
});
