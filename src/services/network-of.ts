import { isIPv6 } from 'node:net';

/**
 * What counts as one client by its address: an IPv4 address, or an IPv6 network of 64 bits, since whoever has one
 * address of such a network has all of them (RFC 6177 §2). What is no address is its own name.
 * @returns e.g. `192.0.2.7`, `2001:db8:0:1::/64`
 */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return bare;
  const groups = groupsOf(bare);
  const [a, b, c, d, e, f, g = 0, h = 0] = groups;
  // RFC 4291 §2.5.5.2: how an IPv4 peer of a dual-stack socket is written.
  if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0xffff) {
    return [g >> 8, g & 0xff, h >> 8, h & 0xff].join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of 16 bits. The URL parser brings all spellings into one: hexadecimal, `::` for the longest run. */
function groupsOf(address: string): number[] {
  const { hostname } = new URL(`http://[${address}]`);
  const [left = [], right = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16));
}
