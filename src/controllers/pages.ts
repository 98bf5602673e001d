import type { Context, Middleware } from '../middleware/context';
import { preferencesOf } from '../middleware/preferences';
import type { Accounts } from '../services/accounts';
import type { Health } from '../services/health';
import type { Views } from '../views';

export interface PagesController {
  home: Middleware;
  login: Middleware;
  loginScan: Middleware;
  /** Plays the phone of a sign-in by QR code; null outside of development. */
  devPhone: Middleware | null;
  docs: Middleware;
}

interface PagesOptions {
  health: Health;
  accounts: Accounts;
  views: Views;
  version: string;
  publicUrl: string | null;
  devPages: boolean;
}

export function pagesController({
  health,
  accounts,
  views,
  version,
  publicUrl,
  devPages,
}: PagesOptions): PagesController {
  const startedAt = performance.now();

  function show(ctx: Context, page: string, data: object): void {
    ctx.vary('Accept-Language');
    ctx.vary('Cookie');
    ctx.set('Cache-Control', 'no-cache');
    ctx.type = 'html';
    const { locale, theme } = preferencesOf(ctx);
    ctx.body = views.render(page, locale, { ...data, theme });
  }

  return {
    async home(ctx) {
      const { ready, stores } = await health.report();
      show(ctx, 'home', {
        version,
        node: process.version,
        uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
        publicUrl: publicUrl ?? ctx.origin,
        ready,
        stores: stores.map(({ name, form, up }) => ({ name, form, up })),
      });
    },

    async login(ctx) {
      const { principal } = ctx.state;
      const account = principal && (await accounts.find(principal.userId));
      show(ctx, 'login', { displayName: account?.user.displayName ?? null });
      // It says who is signed in: not for the next one at this browser.
      ctx.set('Cache-Control', 'no-store');
    },

    loginScan(ctx) {
      show(ctx, 'login-scan', { phonePage: devPages ? phonePageFor(ctx) : null });
    },

    devPhone: devPages ? (ctx) => show(ctx, 'dev-phone', {}) : null,

    docs(ctx) {
      show(ctx, 'docs', { version });
    },
  };
}

/** The page that plays the phone, with the ticket that came along. */
function phonePageFor(ctx: Context): string {
  const { t } = ctx.query;
  return typeof t === 'string' && /^[\w-]{22}$/.test(t) ? `/dev/phone?t=${t}` : '/dev/phone';
}
