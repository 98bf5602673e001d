import { signedIn } from '../middleware/authenticate';
import { startBrowserSession } from '../middleware/browser-session';
import type { Context } from '../middleware/context';
import { qrCookie } from '../middleware/qr-cookie';
import { drawQr, presentQr } from '../presenters/qr';
import { presentUser } from '../presenters/users';
import { API } from '../schemas/common';
import type * as schema from '../schemas/qr';
import type { Accounts } from '../services/accounts';
import type { QrSignIns } from '../services/qr';
import type { Handler } from './controller';

export interface QrController {
  create: Handler<typeof schema.createQr>;
  get: Handler<typeof schema.getQr>;
  scan: Handler<typeof schema.scanQr>;
  confirm: Handler<typeof schema.confirmQr>;
  claim: Handler<typeof schema.claimQr>;
}

interface QrControllerOptions {
  qr: QrSignIns;
  accounts: Accounts;
  publicUrl: string | null;
}

export function qrController({ qr, accounts, publicUrl }: QrControllerOptions): QrController {
  const cookie = qrCookie(publicUrl);

  function answer(ctx: Context, status: number, body: object): void {
    ctx.status = status;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = body;
  }

  return {
    async create(ctx) {
      const { id, ticket, claimSecret, expiresAt } = await qr.create(ctx.get('User-Agent'));
      const qrSvg = await drawQr(publicUrl ?? ctx.origin, ticket);
      cookie.write(ctx, claimSecret);
      ctx.set('Location', `${API}/auth/qr/${id}`);
      answer(ctx, 201, { id, ticket, qrSvg, expiresAt: expiresAt.toISOString() });
    },

    async get(ctx, { params, query }) {
      const secret = cookie.read(ctx);
      const ms = query.wait * 1000;
      const view =
        ms === 0
          ? await qr.look(params.id, secret)
          : await qr.lookAfterChange(params.id, secret, { known: query.state, ms, signal: signalOf(ctx) });
      answer(ctx, 200, presentQr(view));
    },

    async scan(ctx, { body }) {
      const { id, matchCode, browser, createdAt } = await qr.scan(body.ticket, signedIn(ctx).userId);
      answer(ctx, 200, { id, matchCode, browser, createdAt: createdAt.toISOString() });
    },

    async confirm(ctx, { body }) {
      await qr.decide(body.id, signedIn(ctx), body.approve);
      ctx.status = 204;
    },

    async claim(ctx, { params }) {
      const account = await accounts.find(await qr.claim(params.id, cookie.read(ctx)));
      await startBrowserSession(ctx, account.user.id);
      cookie.clear(ctx);
      answer(ctx, 200, { user: presentUser(account, publicUrl ?? '') });
    },
  };
}

/** Ends once the client has gone, or has its answer. */
function signalOf(ctx: Context): AbortSignal {
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  if (ctx.res.destroyed || ctx.req.socket.destroyed) gone.abort();
  return gone.signal;
}
