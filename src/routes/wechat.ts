import type { WechatController } from '../controllers/wechat';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/wechat';
import type { Gates } from './gates';
import { route } from './route';

export function wechatRoutes(
  router: FerryRouter,
  { limits, signedIn, json }: Gates,
  wechat: WechatController,
): void {
  route(router, schema.signInByWechat, [limits.wechat, json], wechat.signIn);
  route(router, schema.linkWechatPhone, [limits.wechat, signedIn, json], wechat.linkPhone);
}
