import { z } from 'zod';

/** Where the API's paths begin. */
export const API = '/api/v1';

export const id = z
  .string()
  .regex(/^[0-9a-z]{1,64}$/, 'should be an id')
  .meta({ description: 'An opaque id.', example: '01kaq3v9m2t5x8y1z4b7c0d3f6' });

export const idParams = z.strictObject({ id });

export const time = z.string().meta({
  format: 'date-time',
  description: 'RFC 3339, in UTC.',
  example: '2026-11-22T08:15:30.123Z',
});

export const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'should be a SHA-256 of 64 hexadecimal digits')
  .transform((text) => text.toLowerCase())
  .meta({
    description: 'SHA-256 in hexadecimal.',
    example: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  });

export const visibility = z
  .enum(['private', 'public'])
  .meta({ description: 'private: only its owner may read it. public: anybody who has the address.' });

/** Any text that a person may enter: no lone surrogates, which no UTF-8 can carry. */
export function text(least: number, most: number) {
  return z
    .string()
    .min(least, least === 1 ? 'should not be empty' : `should have at least ${least} characters`)
    .max(most, `should have at most ${most} characters`)
    .refine((value) => value.isWellFormed(), 'should be well-formed Unicode');
}

/** A number in the query: digits only, so that `1e3`, ` 7` and `0x10` are refused. */
export function queryNumber(least: number, most: number) {
  const message = `should be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
}

/** The answer that is indented for people; the value does not matter. */
export const pretty = z.string().optional().meta({ description: 'Indents JSON for people.' });

export const noQuery = z.strictObject({ pretty });

export const pageQuery = z.strictObject({
  pretty,
  limit: queryNumber(1, 100)
    .default(20)
    .meta({
      description: 'How many items.',
      override: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    }),
  cursor: id.optional().meta({ description: '`nextCursor` of the page before.' }),
});

/** A page of a list; `nextCursor` is null at its end. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable; what programs look at.' }),
    requestId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'The fields that are wrong.' }),
    missing: z
      .array(z.tuple([z.number().int(), z.number().int()]))
      .optional()
      .meta({ description: 'With `upload_incomplete`: ranges of chunk indices, both ends included.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' });
