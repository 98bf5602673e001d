import { createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { InvalidGrant } from '../../errors';

/** How old the data may be: as long as a code would be good. */
const LIFETIME_MS = 5 * 60_000;
/** How far WeChat's clock may be ahead of ours. */
const SKEW_MS = 30_000;

const BLOCK_BYTES = 16;

/** What WeChat's button for the phone number gives to clients that are too old for its `code`. */
export interface EncryptedData {
  /** Base64. */
  encryptedData: string;
  /** Base64 of 16 bytes. */
  iv: string;
}

export interface DataContext {
  /** Base64 of 16 bytes. */
  sessionKey: string;
  appid: string;
  now: Date;
}

const digits = (least: number, most: number) => z.string().regex(new RegExp(`^\\d{${least},${most}}$`));

/** The parts of a phone number. WeChat writes the code of the country as a number here and as a text there. */
export const phoneParts = z.object({
  purePhoneNumber: digits(3, 15),
  countryCode: z.union([digits(1, 4), z.number().int().min(1).max(9999)]),
});

/** The number as E.164 has it: `+8613580006666`. */
export function phoneNumberOf({ purePhoneNumber, countryCode }: z.infer<typeof phoneParts>): string {
  return `+${countryCode}${purePhoneNumber}`;
}

const phoneData = z.strictObject({
  ...phoneParts.shape,
  phoneNumber: z.string().regex(/^\+?\d{3,19}$/),
  watermark: z.strictObject({ appid: z.string(), timestamp: z.number().int() }),
});

/**
 * Reads a phone number from encrypted data: AES-128-CBC under the session key, PKCS #7, JSON with a watermark.
 * @returns the number as E.164 has it: `+8613580006666`
 * @throws `InvalidGrant`, one and the same whatever is wrong, so that nobody learns from trying
 */
export function readPhoneNumber(data: EncryptedData, context: DataContext | null): string {
  const number = context && decipher(data, context);
  if (number === null) {
    throw new InvalidGrant('The data cannot be read. Sign in with a new code, then ask WeChat for it again.');
  }
  return number;
}

function decipher({ encryptedData, iv }: EncryptedData, context: DataContext): string | null {
  const key = Buffer.from(context.sessionKey, 'base64');
  const vector = Buffer.from(iv, 'base64');
  if (key.length !== BLOCK_BYTES || vector.length !== BLOCK_BYTES) return null;
  try {
    const cipher = createDecipheriv('aes-128-cbc', key, vector);
    const bytes = Buffer.concat([cipher.update(encryptedData, 'base64'), cipher.final()]);
    return phoneNumberIn(bytes.toString('utf8'), context);
  } catch {
    return null;
  }
}

/**
 * CBC has no check of its own: whoever has one message can put parts of it together anew, at the price of blocks that
 * become noise. There is no room for noise in a text that has to be what WeChat writes, to the character.
 */
function phoneNumberIn(text: string, { appid, now }: DataContext): string | null {
  const value: unknown = JSON.parse(text);
  if (JSON.stringify(value) !== text) return null;
  const data = phoneData.parse(value);
  const { watermark } = data;
  const age = now.getTime() - watermark.timestamp * 1000;
  if (watermark.appid !== appid || age > LIFETIME_MS || age < -SKEW_MS) return null;
  return phoneNumberOf(data);
}
