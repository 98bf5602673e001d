import { InvalidRequest, Misdirected } from '../errors';
import type { Middleware } from './context';

/** Where monitors and orchestrators call by address. */
const BY_ADDRESS = new Set(['/healthz', '/readyz']);

const STANDARD_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

/** With a public address, a request for another host is not for us: DNS rebinding and poisoned links end here. */
export function ownHost(publicUrl: string | null): Middleware {
  const own = publicUrl === null ? [] : hostsOf(new URL(publicUrl));
  return function ownHost(ctx, next) {
    // RFC 9112 §3.2: with two of them, each server on the way may believe another one.
    if ((ctx.req.headersDistinct.host?.length ?? 0) > 1)
      throw new InvalidRequest('There is more than one Host.');
    const [host] = own;
    if (host !== undefined && !own.includes(ctx.host.toLowerCase()) && !BY_ADDRESS.has(ctx.path)) {
      throw new Misdirected(`This server answers for ${host}.`);
    }
    return next();
  };
}

/** A URL leaves its standard port out; a Host may name it all the same. */
function hostsOf({ protocol, host, port }: URL): string[] {
  return port === '' ? [host, `${host}:${STANDARD_PORTS[protocol] ?? ''}`] : [host];
}
