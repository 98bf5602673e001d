import { isIPv6 } from 'node:net';

/** One server, or where to ask for one. */
export interface RedisNode {
  host: string;
  port: number;
}

/** What a URL says of where Redis is. */
export interface RedisAddress {
  /** One server, Sentinels that know it, or a cluster. */
  kind: 'server' | 'sentinel' | 'cluster';
  nodes: [RedisNode, ...RedisNode[]];
  tls: boolean;
  username: string | null;
  password: string | null;
  /** What Sentinels call the server; empty without them. */
  master: string;
  database: number;
  sentinelUsername: string | null;
  sentinelPassword: string | null;
}

const URL_PARTS =
  /^redis(?<tls>s)?(?:-(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^\s@/:]*):(?<password>[^\s@/]*)@)?(?<hosts>[^\s@/?#]+)(?<path>\/[^\s?#]*)?(?:\?(?<query>[^\s#]*))?$/;
const HOST_PARTS = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i;
const PORTS = { server: 6379, sentinel: 26_379, cluster: 6379 };
const SENTINEL_PARAMETERS = new Set(['sentinelUsername', 'sentinelPassword']);

/**
 * Reads
 * `redis://[user:password@]host[:port][/database]`,
 * `redis-sentinel://[user:password@]host[:port],…/master[/database][?sentinelUsername=…&sentinelPassword=…]` or
 * `redis-cluster://[user:password@]host[:port],…`; with `rediss` instead of `redis` they speak TLS.
 * @returns null for anything else
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  const parts = URL_PARTS.exec(url)?.groups;
  if (!parts) return null;
  const kind = (parts['kind'] ?? 'server') as RedisAddress['kind'];
  const query = new URLSearchParams(parts['query'] ?? '');
  const [first, ...others] = (parts['hosts'] ?? '').split(',').map((host) => nodeOf(host, PORTS[kind]));
  const named = placeOf(kind, parts['path'] ?? '');
  const username = decoded(parts['user'] ?? '');
  const password = decoded(parts['password'] ?? '');
  const known = [...query.keys()].every((key) => kind === 'sentinel' && SENTINEL_PARAMETERS.has(key));
  const nodes = others.filter((node) => node !== null);
  if (!first || nodes.length < others.length || !named || !known) return null;
  if (username === null || password === null || (username !== '' && password === '')) return null;
  if (kind === 'server' && nodes.length > 0) return null;
  return {
    kind,
    nodes: [first, ...nodes],
    tls: parts['tls'] !== undefined,
    username: username || null,
    password: password || null,
    ...named,
    sentinelUsername: query.get('sentinelUsername'),
    sentinelPassword: query.get('sentinelPassword'),
  };
}

/** The address for people: without names and passwords. */
export function locationOf({ kind, nodes, tls, master, database }: RedisAddress): string {
  const scheme = `redis${tls ? 's' : ''}${kind === 'server' ? '' : `-${kind}`}`;
  const hosts = nodes.map(({ host, port }) => `${isIPv6(host) ? `[${host}]` : host}:${port}`);
  const path = [...(kind === 'sentinel' ? [master] : []), ...(kind === 'cluster' ? [] : [String(database)])];
  return [`${scheme}://${hosts.join(',')}`, ...path].join('/');
}

function nodeOf(text: string, standardPort: number): RedisNode | null {
  const parts = HOST_PARTS.exec(text)?.groups;
  const host = parts?.['v6'] ?? parts?.['name'];
  const port = Number(parts?.['port'] ?? standardPort);
  if (host === undefined || port < 1 || port > 65_535) return null;
  if (parts?.['v6'] !== undefined && !isIPv6(host)) return null;
  return { host, port };
}

/** What the path names: a database, or a master and perhaps a database. */
function placeOf(kind: RedisAddress['kind'], path: string): Pick<RedisAddress, 'master' | 'database'> | null {
  const [, ...segments] = path.split('/');
  const master = kind === 'sentinel' ? (segments.shift() ?? '') : '';
  const database = segments.shift() ?? '';
  if (kind === 'sentinel' && !/^[\w.-]+$/.test(master)) return null;
  if (kind === 'cluster' && database !== '') return null;
  if (segments.length > 0 || !/^\d{0,4}$/.test(database)) return null;
  return { master, database: Number(database) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
