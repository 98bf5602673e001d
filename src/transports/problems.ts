import type { z } from 'zod';
import { FerryError, Internal, InvalidRequest } from '../errors';

/** Told of faults of ours, which the client only hears the code of. */
export type Report = (error: FerryError) => void;

/** How a connection that goes on is told that something did not work. */
export function problemOf(thrown: unknown, report: Report): { code: string; detail: string } {
  const error = thrown instanceof FerryError ? thrown : new Internal(thrown);
  if (error.status >= 500) report(error);
  return { code: error.code, detail: error.message };
}

/** Checks what a client sent. @throws `InvalidRequest` */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw InvalidRequest.of([
    {
      path: (issue?.path.join('.') ?? '').slice(0, 100),
      message: (issue?.message ?? 'is wrong').slice(0, 200),
    },
  ]);
}
