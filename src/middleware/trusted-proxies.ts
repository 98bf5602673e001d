import { BlockList, isIPv6 } from 'node:net';
import type { Middleware } from './context';

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** Forgets what a client says of itself in `X-Forwarded-*` unless it is one of the proxies. */
export function trustedProxies(proxies: string[]): Middleware {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  return function trustedProxies(ctx, next) {
    const address = ctx.req.socket.remoteAddress ?? '';
    // An IPv4 peer of a dual-stack socket is written ::ffff:127.0.0.1; BlockList matches it as IPv6 against IPv4 rules.
    if (!trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) {
      for (const name of FORWARDED) Reflect.deleteProperty(ctx.req.headers, name);
    }
    return next();
  };
}
