import { readFile } from 'node:fs/promises';
import { ConfigError, type Config } from '../config';
import { createKeyRing, type KeyRing } from '../services/key-ring';
import { ellipticSigningKey, type SigningKey } from '../services/signing-keys';

/**
 * The keys of the files that the settings name.
 * @returns null when there is no current one
 * @throws {ConfigError} naming the setting whose file is missing or holds something else
 */
export async function readSigningKeys(
  files: Config['tokens']['keyFiles'],
): Promise<KeyRing<SigningKey> | null> {
  if (files.current === null) return null;
  const current = await readKey('JWT_KEY_FILE', files.current);
  if (!current.sign) throw wrong('JWT_KEY_FILE', 'a P-256 private key', 'it is a public key');
  const others: SigningKey[] = [];
  if (files.previous !== null) others.push(await readKey('JWT_KEY_FILE_PREVIOUS', files.previous));
  if (files.next !== null) others.push(await readKey('JWT_KEY_FILE_NEXT', files.next));
  return createKeyRing(current, others);
}

async function readKey(setting: string, file: string): Promise<SigningKey> {
  try {
    return ellipticSigningKey(await readFile(file, 'utf8'));
  } catch (error) {
    throw wrong(setting, 'a P-256 key', error instanceof Error ? error.message : String(error));
  }
}

function wrong(setting: string, wanted: string, found: string): ConfigError {
  return new ConfigError([`${setting} should name a PEM file with ${wanted}: ${found}`]);
}
