import etag from '@koa/etag';
import Router from '@koa/router';
import Koa from 'koa';
import conditionalGet from 'koa-conditional-get';
import path from 'node:path';
import type { Logger } from 'pino';
import { adminController } from './controllers/admin';
import { archivesController } from './controllers/archives';
import { authController } from './controllers/auth';
import { contentSender } from './controllers/content';
import { commentsController } from './controllers/comments';
import { documentsController } from './controllers/documents';
import { eventTicketsController } from './controllers/event-tickets';
import { filesController } from './controllers/files';
import { IETF_DOOR, ietfUploadsController } from './controllers/ietf-uploads';
import { keysController } from './controllers/keys';
import { linksController } from './controllers/links';
import { operationsController } from './controllers/operations';
import { pagesController } from './controllers/pages';
import { preferencesController } from './controllers/preferences';
import { qrController } from './controllers/qr';
import { sessionsController } from './controllers/sessions';
import { trashController } from './controllers/trash';
import { tusController } from './controllers/tus';
import { uploadsController } from './controllers/uploads';
import { clientUploadControllers } from './controllers/uploads/clients';
import { uploadTicketsController } from './controllers/upload-tickets';
import { usersController } from './controllers/users';
import { wechatController } from './controllers/wechat';
import { accessLog } from './middleware/access-log';
import { authenticate } from './middleware/authenticate';
import { browserSession } from './middleware/browser-session';
import { compression } from './middleware/compression';
import type { App, FerryRouter, FerryState } from './middleware/context';
import { crossOrigin } from './middleware/cross-origin';
import { docsAssets } from './middleware/docs-assets';
import { errorHandler } from './middleware/error-handler';
import { handshakeOrigin } from './middleware/handshake-origin';
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
import { firstFound, staticFinder } from './middleware/static-finder';
import { trustedProxies } from './middleware/trusted-proxies';
import { TUS_DOOR, tusProtocol } from './middleware/tus-protocol';
import { unmatched } from './middleware/unmatched';
import { uploadDoors } from './middleware/upload-doors';
import { unreadBody } from './middleware/unread-body';
import type { Project } from './project';
import { adminRoutes } from './routes/admin';
import { archiveRoutes } from './routes/archives';
import { authRoutes } from './routes/auth';
import { commentRoutes } from './routes/comments';
import { documentRoutes } from './routes/documents';
import { clientUploadRoutes } from './routes/client-uploads';
import { eventRoutes } from './routes/events';
import { fileRoutes } from './routes/files';
import type { Gates } from './routes/gates';
import { ietfUploadRoutes } from './routes/ietf-uploads';
import { keyRoutes } from './routes/keys';
import { linkRoutes } from './routes/links';
import { operationRoutes } from './routes/operations';
import { pageRoutes } from './routes/pages';
import { preferenceRoutes } from './routes/preferences';
import { qrRoutes } from './routes/qr';
import { sessionRoutes } from './routes/sessions';
import { trashRoutes } from './routes/trash';
import { tusRoutes } from './routes/tus';
import { uploadRoutes } from './routes/uploads';
import { uploadTicketRoutes } from './routes/upload-tickets';
import { userRoutes } from './routes/users';
import { wechatRoutes } from './routes/wechat';
import type { Services } from './services';
import { createTransports } from './transports';
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
  /** Where nginx in front has the blobs; null when it has not. */
  accelRedirect: string | null;
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
  const app: App = new Koa<FerryState>({ proxy: http.trustedProxies.length > 0 });
  const router = createRouter({
    services,
    project,
    http,
    views,
    report: (error) => app.emit('error', error),
  });
  const findStatic = firstFound(staticFinder(path.join(project.directory, 'public')), docsAssets());
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
  app.use(staticFiles({ find: findStatic, maxBytes: http.staticMaxBytes }));
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
  app.use(uploadDoors([TUS_DOOR, IETF_DOOR]));
  app.use(tusProtocol(services.sequentialUploads.maxFileBytes));
  app.use(router.routes());
  app.use(unmatched(router, findStatic));
  return app;
}

type RouterOptions = Omit<AppOptions, 'logger'> & {
  views: ReturnType<typeof createViews>;
  /** Told of faults that no request is answered with. */
  report: (error: Error) => void;
};

function createRouter({ services, project, http, views, report }: RouterOptions): FerryRouter {
  const { rateLimits, accounts, tokens, qr, wechat, uploads, files, links, idempotency, health } = services;
  const { publicUrl, devPages, accelRedirect } = http;
  const sendContent = contentSender({ budgets: services.downloadBudgets, accelRedirect });
  const { version } = project;
  const linkBase = publicUrl ?? '';
  const ownPages = sameOrigin(publicUrl);
  const {
    optional: anybody,
    required: signedIn,
    uploader,
    listener,
  } = authenticate({ tokens, tickets: services.tickets, ownPages });
  const gates: Gates = {
    anybody,
    signedIn,
    uploader,
    listener,
    handshake: handshakeOrigin(ownPages, http.corsOrigins),
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
  const { sequentialUploads, joinedUploads } = services;
  tusRoutes(router, gates, tusController({ uploads, sequentialUploads, joinedUploads, linkBase }));
  ietfUploadRoutes(router, gates, ietfUploadsController({ uploads, sequentialUploads, linkBase }));
  uploadTicketRoutes(router, gates, uploadTicketsController(services.tickets));
  clientUploadRoutes(router, gates, clientUploadControllers(services, linkBase));
  fileRoutes(
    router,
    gates,
    filesController({ files, hashes: services.contentHashes, sendContent, linkBase }),
  );
  linkRoutes(router, gates, linksController({ links, shares: services.shares, sendContent, linkBase }));
  archiveRoutes(router, gates, archivesController({ archives: services.archives, linkBase }));
  documentRoutes(router, gates, documentsController({ documents: services.documents, linkBase }));
  trashRoutes(router, gates, trashController({ documents: services.documents, linkBase }));
  commentRoutes(router, gates, commentsController({ comments: services.comments, linkBase }));
  const transports = createTransports(services, listener, report);
  eventRoutes(router, gates, transports, eventTicketsController(services.tickets));
  adminRoutes(router, gates, adminController(services.administration));
  keyRoutes(router, keysController(services.accessTokens));
  operationRoutes(router, operationsController({ health, version, linkBase }));
  pageRoutes(router, gates, pagesController({ health, accounts, views, version, publicUrl, devPages }));
  return router;
}
