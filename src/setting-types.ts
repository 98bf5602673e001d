import { isIP } from 'node:net';
import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const UNITS: Record<string, number> = { '': 1, B: 1, KIB, MIB, GIB, TIB: 1024 * GIB };

/** A count of bytes: `5242880`, `512KiB`, `5 MiB`, `50GiB`. */
export function bytes(standard: string, least = 0) {
  return z
    .string()
    .default(standard)
    .transform((text, context) => {
      const [, digits, unit] = /^(\d+)\s*([KMGT]iB|B|)$/i.exec(text.trim()) ?? [];
      const count = Number(digits) * (UNITS[(unit ?? '').toUpperCase()] ?? NaN);
      if (Number.isSafeInteger(count) && count >= least) return count;
      context.addIssue({
        code: 'custom',
        message: `should be a number of bytes such as 5MiB, at least ${least}`,
      });
      return z.NEVER;
    });
}

/** A whole number. */
export function whole(standard: number, least: number, most: number) {
  const message = `should be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .default(String(standard))
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
}

/** What keys are derived from. */
export function secret(description: string) {
  return z.string().min(32, 'should have at least 32 characters').optional().describe(description);
}

/** The path of a file with a key. */
export function keyFile(description: string) {
  return z.string().optional().describe(description);
}

/** A list separated by commas; `description` says what its items are. */
export function list(description: string, check: (item: string) => boolean) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .refine((items) => items.every(check), `should be ${description}, separated by commas`);
}

/** Whether the text is a web origin and nothing more. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Whether the text is an IP address or a network such as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  const [, address = '', prefix = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && !address.includes('%') && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** A yes or no. */
export function flag(standard: '0' | '1') {
  return z.enum(['0', '1'], 'should be 0 or 1').default(standard);
}
