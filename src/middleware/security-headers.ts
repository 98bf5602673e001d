import helmet from 'koa-helmet';
import type { Middleware } from './context';

/** A strict policy: everything from here, nothing inline, framed by nobody. */
export function securityHeaders(publicUrl: string | null): Middleware {
  const https = publicUrl?.startsWith('https:') ?? false;
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    xFrameOptions: { action: 'deny' },
    // Allowed origins fetch across sites; CORS decides which.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}
