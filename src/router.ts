import Router from '@koa/router';
import { adminController } from './controllers/admin';
import { archivesController } from './controllers/archives';
import { authController } from './controllers/auth';
import { contentSender } from './controllers/content';
import { commentsController } from './controllers/comments';
import { documentsController } from './controllers/documents';
import { eventTicketsController } from './controllers/event-tickets';
import { filesController } from './controllers/files';
import { ietfUploadsController } from './controllers/ietf-uploads';
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
import { authenticate } from './middleware/authenticate';
import type { FerryRouter, FerryState } from './middleware/context';
import { handshakeOrigin } from './middleware/handshake-origin';
import { idempotent } from './middleware/idempotent';
import { jsonBody } from './middleware/json-body';
import { limitByAddress, limitByUser, limitGuesses, userNamed, userSignedIn } from './middleware/rate-limit';
import { sameOrigin, type SameOrigin } from './middleware/same-origin';
import { requireRole } from './middleware/require-role';
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
import type { Project } from './project';
import type { Services } from './services';
import { createTransports } from './transports';
import type { createViews } from './views';

/** What of the settings concerns single addresses. */
export interface RouterSettings {
  /** How clients reach this server; null when only the request tells. */
  publicUrl: string | null;
  corsOrigins: string[];
  jsonBodyBytes: number;
  /** Where nginx in front has the blobs; null when it has not. */
  accelRedirect: string | null;
  /** Also serve the pages that help in development. */
  devPages: boolean;
}

interface RouterOptions {
  services: Services;
  project: Project;
  http: RouterSettings;
  views: ReturnType<typeof createViews>;
  /** Told of faults that no request is answered with. */
  report: (error: Error) => void;
}

/** Every address, with what stands before its controller. */
export function createRouter({ services, project, http, views, report }: RouterOptions): FerryRouter {
  const { accounts, tokens, qr, wechat, uploads, files, links, health } = services;
  const { publicUrl, devPages, accelRedirect } = http;
  const sendContent = contentSender({ budgets: services.downloadBudgets, accelRedirect });
  const { version } = project;
  const linkBase = publicUrl ?? '';
  const ownPages = sameOrigin(publicUrl);
  const gates = createGates(services, http, ownPages);
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
  trashRoutes(router, gates, trashController({ trash: services.trash, linkBase }));
  commentRoutes(router, gates, commentsController({ comments: services.comments, linkBase }));
  const transports = createTransports(services, gates.listener, report);
  eventRoutes(router, gates, transports, eventTicketsController(services.tickets));
  adminRoutes(router, gates, adminController(services.administration));
  keyRoutes(router, keysController(services.accessTokens));
  operationRoutes(router, operationsController({ health, version, linkBase }));
  pageRoutes(router, gates, pagesController({ health, accounts, views, version, publicUrl, devPages }));
  return router;
}

function createGates(
  { tokens, tickets, rateLimits, idempotency }: Services,
  { corsOrigins, jsonBodyBytes }: RouterSettings,
  ownPages: SameOrigin,
): Gates {
  const {
    optional: anybody,
    required: signedIn,
    uploader,
    listener,
  } = authenticate({ tokens, tickets: tickets, ownPages });
  return {
    anybody,
    signedIn,
    uploader,
    listener,
    handshake: handshakeOrigin(ownPages, corsOrigins),
    admin: requireRole('admin'),
    sameOrigin: ownPages.gate,
    json: jsonBody(jsonBodyBytes),
    idempotent: idempotent(idempotency),
    limits: {
      signIn: limitByAddress(rateLimits.signIn),
      register: limitByAddress(rateLimits.register),
      refresh: limitByAddress(rateLimits.refresh),
      wechat: limitByAddress(rateLimits.wechat),
      qr: limitByAddress(rateLimits.qr),
      writing: limitByUser(rateLimits.writing),
      guesses: limitGuesses(rateLimits, userNamed),
      ownGuesses: limitGuesses(rateLimits, userSignedIn),
    },
  };
}
