import { createHash, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

export interface ChainKey {
  /** Names the key in the sign-ins whose chains it derives. */
  id: string;
  secret: Buffer;
}

/** Keys for different purposes, derived from one secret (RFC 5869). */
export interface Keys {
  /** Signs access tokens (HS256). */
  accessToken: KeyObject;
  /** Names the signing key in a token's header. */
  accessTokenId: string;
  /** Derives the successor of a refresh token. */
  refreshToken: ChainKey;
  /** Signs cookies. */
  cookie: string;
  /** Seals tickets (AES-256-GCM). */
  ticket: Buffer;
  /** Seals what WeChat gave us to keep (AES-256-GCM). */
  wechat: Buffer;
}

/** @param secret at least 32 characters */
export function deriveKeys(secret: string): Keys {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', `ferry/${purpose}`, 32));
  const nameOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 16);
  const accessToken = derive('access-token');
  const refreshToken = derive('refresh-token');
  return {
    accessToken: createSecretKey(accessToken),
    accessTokenId: nameOf(accessToken),
    refreshToken: { id: nameOf(refreshToken), secret: refreshToken },
    cookie: derive('cookie').toString('base64url'),
    ticket: derive('ticket'),
    wechat: derive('wechat'),
  };
}

/**
 * The secret of a machine of one: made at the first start, kept in `<directory>/secret` readable by its owner alone.
 * Two processes that start at once end with the same one.
 */
export async function keptSecret(directory: string): Promise<string> {
  const file = path.join(directory, 'secret');
  const kept = await readSecret(file);
  if (kept !== null) return kept;
  await mkdir(directory, { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  await handle.writeFile(`${randomBytes(48).toString('base64url')}\n`);
  await handle.sync();
  await handle.close();
  try {
    // A link, unlike a rename, does not replace what another process has put there first.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readSecret(file);
  if (made === null) throw new Error(`${file} vanished while it was being made`);
  return made;
}

async function readSecret(file: string): Promise<string | null> {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (secret.length < 32) throw new Error(`${file} is damaged: it should hold at least 32 characters`);
    await chmod(file, 0o600);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
