import cors from '@koa/cors';
import type { Middleware } from './context';

const EXPOSED = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Repr-Digest',
  'Retry-After',
  'X-Request-Id',
];

/** CORS by an exact allow-list; an origin that is not on it gets no permission at all. */
export function crossOrigin(origins: string[]): Middleware {
  return cors({
    origin: (ctx) => {
      const origin = ctx.get('Origin');
      return origins.includes(origin) ? origin : '';
    },
    credentials: true,
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'Content-Digest',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'If-Range',
      'Range',
      'Want-Repr-Digest',
      'X-Request-Id',
    ],
    exposeHeaders: EXPOSED,
    maxAge: 600,
    keepHeadersOnError: false,
  });
}
