import * as auth from './auth';
import type { Endpoint } from './endpoint';
import * as files from './files';
import * as operations from './operations';
import * as uploads from './uploads';
import * as users from './users';

/** Every endpoint there is. */
export const endpoints: Endpoint[] = [auth, users, uploads, files, operations]
  .flatMap((resource): unknown[] => Object.values(resource))
  .filter(isEndpoint);

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'access' in value;
}
