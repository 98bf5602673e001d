import helmet from 'koa-helmet';
import type { Middleware } from './context';

/**
 * Pages that show what people wrote. The renderer of documents allows images by https from elsewhere, and here they are
 * shown; who serves them learns the reader's address, but by Referrer-Policy not the page.
 */
const DOCUMENT_PAGE = /^\/documents(?:[/?]|$)/;

/** A strict policy: everything from here, nothing inline, framed by nobody. */
export function securityHeaders(publicUrl: string | null): Middleware {
  const https = publicUrl?.startsWith('https:') ?? false;
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", ({ url }) => (DOCUMENT_PAGE.test(url ?? '') ? 'data: https:' : 'data:')],
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
