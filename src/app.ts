import etag from '@koa/etag';
import Router from '@koa/router';
import Koa from 'koa';
import conditionalGet from 'koa-conditional-get';
import serve from 'koa-static';
import path from 'node:path';
import type { Logger } from 'pino';
import { authController } from './controllers/auth';
import { filesController } from './controllers/files';
import { operationsController } from './controllers/operations';
import { pagesController } from './controllers/pages';
import { uploadsController } from './controllers/uploads';
import { usersController } from './controllers/users';
import { accessLog } from './middleware/access-log';
import { authenticate } from './middleware/authenticate';
import { compression } from './middleware/compression';
import type { App, FerryRouter, FerryState } from './middleware/context';
import { crossOrigin } from './middleware/cross-origin';
import { errorHandler } from './middleware/error-handler';
import { idempotent } from './middleware/idempotent';
import { jsonBody } from './middleware/json-body';
import { logErrors } from './middleware/log-errors';
import { ownHost } from './middleware/own-host';
import { prettyJson } from './middleware/pretty-json';
import { receiveTimeout } from './middleware/receive-timeout';
import { requestId } from './middleware/request-id';
import { securityHeaders } from './middleware/security-headers';
import { trustedProxies } from './middleware/trusted-proxies';
import { unmatched } from './middleware/unmatched';
import { unreadBody } from './middleware/unread-body';
import type { Project } from './project';
import { authRoutes } from './routes/auth';
import { fileRoutes } from './routes/files';
import type { Gates } from './routes/gates';
import { operationRoutes } from './routes/operations';
import { pageRoutes } from './routes/pages';
import { uploadRoutes } from './routes/uploads';
import { userRoutes } from './routes/users';
import type { Services } from './services';
import { createViews } from './views';

export interface HttpSettings {
  /** How clients reach this server; null when only the request tells. */
  publicUrl: string | null;
  trustedProxies: string[];
  corsOrigins: string[];
  jsonBodyBytes: number;
  bodyIdleMs: number;
  /** Compile each template once. */
  cacheViews: boolean;
}

interface AppOptions {
  services: Services;
  project: Project;
  http: HttpSettings;
  logger: Logger;
}

/** The application: what every request passes, from the outside in. It opens nothing and listens nowhere. */
export function createApp({ services, project, http, logger }: AppOptions): App {
  const views = createViews({ directory: path.join(project.directory, 'views'), cache: http.cacheViews });
  const router = createRouter({ services, project, http, views });
  const app: App = new Koa<FerryState>({ proxy: http.trustedProxies.length > 0 });
  app.on('error', logErrors(logger));
  app.use(errorHandler(views));
  app.use(requestId());
  app.use(trustedProxies(http.trustedProxies));
  app.use(accessLog(logger));
  app.use(unreadBody());
  app.use(ownHost(http.publicUrl));
  app.use(securityHeaders(http.publicUrl));
  app.use(crossOrigin(http.corsOrigins));
  app.use(compression());
  app.use(conditionalGet());
  app.use(etag());
  app.use(prettyJson());
  app.use(receiveTimeout(http.bodyIdleMs));
  app.use(serve(path.join(project.directory, 'public'), { index: false, maxage: 60 * 60 * 1000 }));
  app.use(router.routes());
  app.use(unmatched(router));
  return app;
}

type RouterOptions = Omit<AppOptions, 'logger'> & { views: ReturnType<typeof createViews> };

function createRouter({ services, project, http, views }: RouterOptions): FerryRouter {
  const { accounts, tokens, uploads, files, idempotency, health } = services;
  const { publicUrl } = http;
  const { version } = project;
  const linkBase = publicUrl ?? '';
  const { optional: anybody, required: signedIn } = authenticate(tokens);
  const gates: Gates = {
    anybody,
    signedIn,
    json: jsonBody(http.jsonBodyBytes),
    idempotent: idempotent(idempotency),
  };
  const router: FerryRouter = new Router<FerryState>();
  authRoutes(router, gates, authController({ accounts, tokens, linkBase }));
  userRoutes(router, gates, usersController({ accounts, linkBase }));
  uploadRoutes(router, gates, uploadsController({ uploads, linkBase }));
  fileRoutes(router, gates, filesController({ files, linkBase }));
  operationRoutes(router, operationsController({ health, version, linkBase }));
  pageRoutes(router, pagesController({ health, views, version, publicUrl }));
  return router;
}
