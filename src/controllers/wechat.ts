import { signedIn } from '../middleware/authenticate';
import { presentUser } from '../presenters/users';
import type * as schema from '../schemas/wechat';
import type { Wechat } from '../services/wechat';
import type { Handler } from './controller';
import { tokenAnswer } from './token-answer';

export interface WechatController {
  signIn: Handler<typeof schema.signInByWechat>;
  linkPhone: Handler<typeof schema.linkWechatPhone>;
}

export function wechatController({
  wechat,
  linkBase,
}: {
  wechat: Wechat;
  linkBase: string;
}): WechatController {
  const answer = tokenAnswer(linkBase);

  return {
    async signIn(ctx, { body }) {
      const { account, issued, created } = await wechat.signIn(body.code, ctx.get('User-Agent') || null);
      answer(ctx, created ? 201 : 200, account, issued);
    },

    async linkPhone(ctx, { body }) {
      const account = await wechat.linkPhone(signedIn(ctx).userId, body);
      ctx.body = { user: presentUser(account, linkBase) };
    },
  };
}
