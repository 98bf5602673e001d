import * as admin from './admin';
import * as auth from './auth';
import type { Endpoint } from './endpoint';
import * as files from './files';
import * as keys from './keys';
import * as links from './links';
import * as operations from './operations';
import * as preferences from './preferences';
import * as qr from './qr';
import * as sessions from './sessions';
import * as uploads from './uploads';
import * as users from './users';
import * as wechat from './wechat';

/** Every endpoint there is. */
export const endpoints: Endpoint[] = [
  auth,
  sessions,
  qr,
  users,
  preferences,
  uploads,
  files,
  links,
  admin,
  keys,
  operations,
  wechat,
]
  .flatMap((resource): unknown[] => Object.values(resource))
  .filter(isEndpoint);

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'access' in value;
}
