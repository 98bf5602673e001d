import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Text that a store may keep but not read. */
export interface Seal {
  /**
   * @param place where the text will lie; elsewhere it cannot be opened
   * @returns base64url
   */
  close(text: string, place: string): string;
  /** @returns null when it was sealed by another key, for another place, or was changed */
  open(sealed: string, place: string): string | null;
}

/**
 * AES-256-GCM (NIST SP 800-38D) with random nonces.
 * @param key 32 bytes; it closes, and opens
 * @param others only open: keys that were used before, or will be
 */
export function createSeal(key: Buffer, others: Buffer[] = []): Seal {
  return {
    close(text, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]).toString('base64url');
    },

    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
      for (const one of [key, ...others]) {
        const text = decipher(one, bytes, place);
        if (text !== null) return text;
      }
      return null;
    },
  };
}

function decipher(key: Buffer, bytes: Buffer, place: string): string | null {
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const opening = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  opening.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = opening.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([text, opening.final()]).toString('utf8');
  } catch {
    return null;
  }
}
