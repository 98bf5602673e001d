import type { QrController } from '../controllers/qr';
import { bearerOnly } from '../middleware/bearer-only';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/qr';
import type { Gates } from './gates';
import { route } from './route';

export function qrRoutes(
  router: FerryRouter,
  { limits, sameOrigin, signedIn, json }: Gates,
  qr: QrController,
): void {
  route(router, schema.createQr, [limits.qr, sameOrigin, json], qr.create);
  route(router, schema.scanQr, [bearerOnly, signedIn, json], qr.scan);
  route(router, schema.confirmQr, [bearerOnly, signedIn, json], qr.confirm);
  route(router, schema.getQr, [], qr.get);
  route(router, schema.claimQr, [sameOrigin, json], qr.claim);
}
