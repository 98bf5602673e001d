import etag from '@koa/etag';
import Router from '@koa/router';
import Koa from 'koa';
import conditionalGet from 'koa-conditional-get';
import path from 'node:path';
import type { Logger } from 'pino';
import { adminController } from './controllers/admin';
import { authController } from './controllers/auth';
import { filesController } from './controllers/files';
import { keysController } from './controllers/keys';
import { linksController } from './controllers/links';
import { operationsController } from './controllers/operations';
import { pagesController } from './controllers/pages';
import { preferencesController } from './controllers/preferences';
import { qrController } from './controllers/qr';
import { sessionsController } from './controllers/sessions';
import { uploadsController } from './controllers/uploads';
import { usersController } from './controllers/users';
import { wechatController } from './controllers/wechat';
import { accessLog } from './middleware/access-log';
import { authenticate } from './middleware/authenticate';
import { browserSession } from './middleware/browser-session';
import { compression } from './middleware/compression';
import type { App, FerryRouter, FerryState } from './middleware/context';
import { crossOrigin } from './middleware/cross-origin';
import { errorHandler } from './middleware/error-handler';
import { idempotent } from './middleware/idempotent';
import { jsonBody } from './middleware/json-body';
import { logErrors } from './middleware/log-errors';
import { ownHost } from './middleware/own-host';
import { prettyJson } from './middleware/pretty-json';
import { limitByAddress, limitGuesses, userNamed, userSignedIn } from './middleware/rate-limit';
import { receiveTimeout } from './middleware/receive-timeout';
import { requestId } from './middleware/request-id';
import { sameOrigin } from './middleware/same-origin';
import { requireRole } from './middleware/require-role';
import { securityHeaders } from './middleware/security-headers';
import { staticFiles } from './middleware/static-files';
import { staticFinder } from './middleware/static-finder';
import { trustedProxies } from './middleware/trusted-proxies';
import { unmatched } from './middleware/unmatched';
import { unreadBody } from './middleware/unread-body';
import type { Project } from './project';
import { adminRoutes } from './routes/admin';
import { authRoutes } from './routes/auth';
import { fileRoutes } from './routes/files';
import type { Gates } from './routes/gates';
import { keyRoutes } from './routes/keys';
import { linkRoutes } from './routes/links';
import { operationRoutes } from './routes/operations';
import { pageRoutes } from './routes/pages';
import { preferenceRoutes } from './routes/preferences';
import { qrRoutes } from './routes/qr';
import { sessionRoutes } from './routes/sessions';
import { uploadRoutes } from './routes/uploads';
import { userRoutes } from './routes/users';
import { wechatRoutes } from './routes/wechat';
import type { Services } from './services';
import { createViews } from './views';

export interface HttpSettings {
  /** How clients reach this server; null when only the request tells. */
  publicUrl: string | null;
  trustedProxies: string[];
  corsOrigins: string[];
  jsonBodyBytes: number;
  bodyIdleMs: number;
  /** Bytes of the largest static file that is sent; 0 is no limit. */
  staticMaxBytes: number;
  /** Also serve the pages that help in development. */
  devPages: boolean;
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
  const publicDirectory = path.join(project.directory, 'public');
  const app: App = new Koa<FerryState>({ proxy: http.trustedProxies.length > 0 });
  app.keys = services.cookieKeys;
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
  app.use(staticFiles({ directory: publicDirectory, maxBytes: http.staticMaxBytes }));
  app.use(conditionalGet());
  app.use(etag());
  app.use(prettyJson());
  app.use(receiveTimeout(http.bodyIdleMs));
  app.use(
    browserSession({
      app,
      signIns: services.browserSignIns,
      store: services.sessionStore,
      publicUrl: http.publicUrl,
    }),
  );
  app.use(router.routes());
  app.use(unmatched(router, staticFinder(publicDirectory)));
  return app;
}

type RouterOptions = Omit<AppOptions, 'logger'> & { views: ReturnType<typeof createViews> };

function createRouter({ services, project, http, views }: RouterOptions): FerryRouter {
  const { rateLimits, accounts, tokens, qr, wechat, uploads, files, links, idempotency, health } = services;
  const { publicUrl, devPages } = http;
  const { version } = project;
  const linkBase = publicUrl ?? '';
  const ownPages = sameOrigin(publicUrl);
  const { optional: anybody, required: signedIn } = authenticate(tokens, ownPages);
  const gates: Gates = {
    anybody,
    signedIn,
    admin: requireRole('admin'),
    sameOrigin: ownPages.gate,
    json: jsonBody(http.jsonBodyBytes),
    idempotent: idempotent(idempotency),
    limits: {
      signIn: limitByAddress(rateLimits.signIn),
      register: limitByAddress(rateLimits.register),
      refresh: limitByAddress(rateLimits.refresh),
      wechat: limitByAddress(rateLimits.wechat),
      qr: limitByAddress(rateLimits.qr),
      guesses: limitGuesses(rateLimits, userNamed),
      ownGuesses: limitGuesses(rateLimits, userSignedIn),
    },
  };
  const router: FerryRouter = new Router<FerryState>();
  authRoutes(router, gates, authController({ accounts, tokens, ownPages, linkBase }));
  qrRoutes(router, gates, qrController({ qr, accounts, publicUrl }));
  wechatRoutes(router, gates, wechatController({ wechat, linkBase }));
  sessionRoutes(router, gates, sessionsController({ accounts, tokens, ownPages, linkBase }));
  preferenceRoutes(router, gates, preferencesController());
  userRoutes(router, gates, usersController({ accounts, linkBase }));
  uploadRoutes(router, gates, uploadsController({ uploads, linkBase }));
  fileRoutes(router, gates, filesController({ files, linkBase }));
  linkRoutes(router, gates, linksController({ links, linkBase }));
  adminRoutes(router, gates, adminController(services.administration));
  keyRoutes(router, keysController(services.accessTokens));
  operationRoutes(router, operationsController({ health, version, linkBase }));
  pageRoutes(router, gates, pagesController({ health, accounts, views, version, publicUrl, devPages }));
  return router;
}
