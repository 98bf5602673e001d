import { Unauthenticated } from '../errors';
import type { Middleware } from './context';

/**
 * Lets only requests with an access token pass; goes before `signedIn`. For what a visitor of our pages must not be led
 * to do by a link, and what the program of a phone asks on purpose.
 */
export const bearerOnly: Middleware = function bearerOnly(ctx, next) {
  if (ctx.get('Authorization') === '') throw new Unauthenticated('This needs an access token.');
  return next();
};
