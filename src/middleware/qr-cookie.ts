import { QR_LIFETIME_MS } from '../services/qr';
import type { Context } from './context';

/** The cookie with which a browser claims its sign-in by QR code. */
export interface QrCookie {
  /** @returns an empty text without the cookie, which is nobody's secret */
  read(ctx: Context): string;
  write(ctx: Context, claimSecret: string): void;
  clear(ctx: Context): void;
}

/**
 * Over https its name begins with `__Host-`, so that no neighbouring host can plant it (RFC 6265bis §4.1.3.2): who
 * knows the claim secret could be signed in instead of the browser.
 */
export function qrCookie(publicUrl: string | null): QrCookie {
  const https = publicUrl?.startsWith('https:') ?? false;
  const name = https ? '__Host-ferry.qr' : 'ferry.qr';

  function set(ctx: Context, value: string | null): void {
    // Where TLS ends at a proxy, the connection does not tell.
    if (https) ctx.cookies.secure = true;
    ctx.cookies.set(name, value, {
      httpOnly: true,
      sameSite: 'lax',
      path: '/',
      secure: https,
      signed: false,
      ...(value !== null && { maxAge: QR_LIFETIME_MS }),
    });
  }

  return {
    read: (ctx) => ctx.cookies.get(name, { signed: false }) ?? '',
    write: set,
    clear: (ctx) => set(ctx, null),
  };
}
