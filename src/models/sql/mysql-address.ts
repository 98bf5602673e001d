/** How the connection is secured, in the words of MySQL's own option `ssl-mode`. */
const TLS_MODES = {
  DISABLED: null,
  /** Encrypted, to whoever answers. */
  REQUIRED: { rejectUnauthorized: false },
  /** Its certificate is checked. */
  VERIFY_CA: { rejectUnauthorized: true },
  /** And that it is for this host. */
  VERIFY_IDENTITY: { rejectUnauthorized: true, verifyIdentity: true },
} as const;

type TlsMode = keyof typeof TLS_MODES;

/** What a URL says of where MySQL is. */
export interface MysqlAddress {
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
  /** As mysql2 takes it; null for a connection in the clear. */
  tls: { rejectUnauthorized: boolean; verifyIdentity?: boolean } | null;
}

const PORT = 3306;

/**
 * Reads `mysql://user[:password]@host[:port]/database[?ssl-mode=…]`; `mariadb://` is the same.
 * @returns null for anything else
 */
export function parseMysqlUrl(text: string): MysqlAddress | null {
  if (!/^(mysql|mariadb):\/\/\S+$/.test(text) || !URL.canParse(text)) return null;
  const { hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const { 'ssl-mode': mode = 'DISABLED', ...others } = Object.fromEntries(searchParams);
  const names = [username, password, pathname.slice(1)].map(decoded);
  const [user, secret, database] = names;
  if (!user || secret === undefined || !database || /[/\0]/.test(database)) return null;
  if (hostname === '' || hash !== '' || Object.keys(others).length > 0 || !Object.hasOwn(TLS_MODES, mode))
    return null;
  return {
    // An IPv6 address stands in brackets in a URL, and without them elsewhere.
    host: decoded(hostname.replace(/^\[(.*)\]$/, '$1')) ?? hostname,
    port: port === '' ? PORT : Number(port),
    database,
    username: user,
    password: secret,
    tls: TLS_MODES[mode as TlsMode],
  };
}

/** The address for people: without name and password. */
export function locationOf({ host, port, database }: MysqlAddress): string {
  return `mysql://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
