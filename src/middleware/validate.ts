import type { z } from 'zod';
import { InvalidRequest, type FieldError } from '../errors';
import type { Endpoint, Input } from '../schemas/endpoint';
import type { Context } from './context';

/** A hostile body has a hundred thousand unknown fields: neither the answer nor the log grows with it. */
const MOST_ERRORS = 20;
const LONGEST_PATH = 100;

/**
 * Checks path, query and body by the endpoint's schemas.
 * @throws `InvalidRequest` naming the fields that are wrong, the first twenty of them
 */
export function validate<P, Q, B>(endpoint: Endpoint<P, Q, B>, ctx: Context): Input<P, Q, B> {
  const errors: FieldError[] = [];
  const check = <T>(schema: z.ZodType<T> | undefined, value: unknown, at: string): T | undefined => {
    const parsed = schema?.safeParse(value);
    if (parsed?.success === false)
      errors.push(...parsed.error.issues.slice(0, MOST_ERRORS).flatMap((issue) => fieldErrors(issue, at)));
    return parsed?.data;
  };
  const params = check(endpoint.params, ctx.params, 'path');
  const query = check(endpoint.query, { ...ctx.query }, 'query');
  const body = check(endpoint.body, ctx.request.body, 'body');
  if (errors.length > 0) throw InvalidRequest.of(errors.slice(0, MOST_ERRORS));
  return { params, query, body } as Input<P, Q, B>;
}

/** Fields of the body are named as they stand in it; those of path and query say so. */
function fieldErrors(issue: z.core.$ZodIssue, at: string): FieldError[] {
  const prefix = at === 'body' ? [] : [at];
  const pathOf = (last: PropertyKey[]) =>
    [...prefix, ...issue.path, ...last].map(String).join('.').slice(0, LONGEST_PATH).toWellFormed();
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, MOST_ERRORS)
      .map((key) => ({ path: pathOf([key]), message: 'is not a known field' }));
  }
  return [{ path: pathOf([]), message: issue.message }];
}
