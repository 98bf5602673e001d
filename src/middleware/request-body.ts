import type { Context } from './context';

/** Whether a body comes with the request (RFC 9112 §6). */
export function bringsBody(ctx: Context): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = ctx.req.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/** Bytes by Content-Length; null without one. Koa's own `length` is wrong from 2 GiB on. */
export function announcedLength(ctx: Context): number | null {
  const length = ctx.get('Content-Length');
  return length === '' ? null : Number(length);
}
