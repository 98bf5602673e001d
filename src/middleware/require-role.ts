import { Forbidden } from '../errors';
import type { Role } from '../models/sql';
import { signedIn } from './authenticate';
import type { Middleware } from './context';

/** Lets only users of a role pass; goes after `authenticate.required`. */
export function requireRole(role: Role): Middleware {
  return function requireRole(ctx, next) {
    if (!signedIn(ctx).roles.includes(role)) throw new Forbidden(`This needs the role ${role}.`);
    return next();
  };
}
