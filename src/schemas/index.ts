import * as admin from './admin';
import * as archives from './archives';
import * as auth from './auth';
import * as clientUploads from './client-uploads';
import * as comments from './comments';
import * as documents from './documents';
import type { Endpoint } from './endpoint';
import * as events from './events';
import * as files from './files';
import * as ietfUploads from './ietf-uploads';
import * as keys from './keys';
import * as links from './links';
import * as operations from './operations';
import * as preferences from './preferences';
import * as qr from './qr';
import * as sessions from './sessions';
import * as uploadTickets from './upload-tickets';
import * as trash from './trash';
import * as tus from './tus';
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
  tus,
  ietfUploads,
  clientUploads,
  uploadTickets,
  files,
  links,
  archives,
  events,
  documents,
  trash,
  comments,
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
