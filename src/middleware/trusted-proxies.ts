import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Middleware } from './context';

const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-sendfile-type',
];

/** Forgets what a client says in `X-Forwarded-*` and `X-Sendfile-Type` unless it is one of the proxies. */
export function trustedProxies(proxies: string[]): Middleware {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  // An IPv4 peer of a dual-stack socket is written ::ffff:127.0.0.1; BlockList matches it as IPv6 against IPv4 rules.
  const isProxy = (address: string) =>
    proxies.length > 0 && isIP(address) !== 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

  /** Proxies append, so the client is the last address that is not a proxy's: what stands before it is hearsay. */
  function clientOf(peer: string, forwardedFor: string): string {
    const hops = forwardedFor.split(',').map((hop) => hop.trim());
    const client = hops.findLast((hop) => !isProxy(hop)) ?? hops[0] ?? '';
    return isIP(client) === 0 ? peer : client;
  }

  return function trustedProxies(ctx, next) {
    const peer = ctx.req.socket.remoteAddress ?? '';
    if (isProxy(peer)) {
      ctx.request.ip = clientOf(peer, ctx.get('X-Forwarded-For'));
    } else {
      for (const name of FORWARDED) Reflect.deleteProperty(ctx.req.headers, name);
    }
    return next();
  };
}
