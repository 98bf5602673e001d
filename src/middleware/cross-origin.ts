import cors from '@koa/cors';
import type { Middleware } from './context';

const EXPOSED = [
  'Accept-Patch',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Ferry-File-Id',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Repr-Digest',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Complete',
  'Upload-Concat',
  'Upload-Defer-Length',
  'Upload-Draft-Interop-Version',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Limit',
  'Upload-Metadata',
  'Upload-Offset',
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
      'Content-Disposition',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'If-Range',
      'Last-Event-ID',
      'Range',
      'Repr-Digest',
      'Tus-Resumable',
      'Upload-Checksum',
      'Upload-Complete',
      'Upload-Concat',
      'Upload-Defer-Length',
      'Upload-Draft-Interop-Version',
      'Upload-Length',
      'Upload-Metadata',
      'Upload-Offset',
      'Want-Repr-Digest',
      'X-HTTP-Method-Override',
      'X-Request-Id',
    ],
    exposeHeaders: EXPOSED,
    maxAge: 600,
    keepHeadersOnError: false,
  });
}
