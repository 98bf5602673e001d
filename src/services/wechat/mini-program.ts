import { z } from 'zod';
import type { KeyValueStore } from '../../models/keyvalue';
import type { Clock } from '../runtime';
import type { Seal } from '../sealing';
import { WechatAccessToken } from './access-token';
import { createWechatApi, type WechatApi } from './api';
import { phoneNumberOf, phoneParts } from './data';
import { WechatFailure } from './errors';

export interface WechatApp {
  appid: string;
  secret: string;
}

/** Who signed in, as WeChat knows them. */
export interface WechatUser {
  /** Of the user in this mini-program. */
  openid: string;
  /** Of the user in all programs of the same owner; not everybody has one. */
  unionid: string | null;
  /** Base64 of 16 bytes. It must not leave the server. */
  sessionKey: string;
}

interface MiniProgramOptions {
  app: WechatApp;
  /** Where WeChat's API is. */
  base: string;
  keyvalue: KeyValueStore;
  seal: Seal;
  now: Clock;
}

const session = z
  .object({
    openid: z.string().min(1).max(255),
    unionid: z.string().max(255).optional(),
    session_key: z.string().min(1).max(255),
  })
  .transform(({ openid, unionid, session_key: sessionKey }) => ({
    openid,
    unionid: unionid === undefined || unionid === '' ? null : unionid,
    sessionKey,
  }));

const phoneAnswer = z.object({
  phone_info: phoneParts.extend({ watermark: z.object({ appid: z.string() }) }),
});

/** What a mini-program's server may ask of WeChat. Every method throws WechatFailure. */
export class MiniProgram {
  private readonly api: WechatApi;
  private readonly accessToken: WechatAccessToken;

  constructor(private readonly options: MiniProgramOptions) {
    const { app, base, keyvalue, seal, now } = options;
    this.api = createWechatApi(base);
    this.accessToken = new WechatAccessToken({ ...app, api: this.api, keyvalue, seal, now });
  }

  get appid(): string {
    return this.options.app.appid;
  }

  /** @param code from `wx.login` */
  async codeToSession(code: string): Promise<WechatUser> {
    const { appid, secret } = this.options.app;
    return this.api.call({
      method: 'GET',
      path: '/sns/jscode2session',
      query: { appid, secret, js_code: code, grant_type: 'authorization_code' },
      answer: session,
    });
  }

  /**
   * @param code from the button with `open-type="getPhoneNumber"`
   * @returns the number as E.164 has it: `+8613580006666`
   */
  async phoneNumber(code: string, openid: string): Promise<string> {
    const path = '/wxa/business/getuserphonenumber';
    const { phone_info: info } = await this.accessToken.use((token) =>
      this.api.call({
        method: 'POST',
        path,
        query: { access_token: token },
        json: { code, openid },
        answer: phoneAnswer,
      }),
    );
    if (info.watermark.appid === this.appid) return phoneNumberOf(info);
    throw new WechatFailure(
      'unknown',
      `WeChat answered ${path} for the mini-program ${info.watermark.appid}`,
    );
  }
}
