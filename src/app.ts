import etag from '@koa/etag';
import Koa from 'koa';
import conditionalGet from 'koa-conditional-get';
import path from 'node:path';
import type { Logger } from 'pino';
import { IETF_DOOR } from './controllers/ietf-uploads';
import { accessLog } from './middleware/access-log';
import { browserSession } from './middleware/browser-session';
import { compression } from './middleware/compression';
import type { App, FerryState } from './middleware/context';
import { crossOrigin } from './middleware/cross-origin';
import { docsAssets } from './middleware/docs-assets';
import { errorHandler } from './middleware/error-handler';
import { logErrors } from './middleware/log-errors';
import { ownHost } from './middleware/own-host';
import { prettyJson } from './middleware/pretty-json';
import { receiveTimeout } from './middleware/receive-timeout';
import { requestId } from './middleware/request-id';
import { securityHeaders } from './middleware/security-headers';
import { staticFiles } from './middleware/static-files';
import { firstFound, staticFinder } from './middleware/static-finder';
import { trustedProxies } from './middleware/trusted-proxies';
import { TUS_DOOR, tusProtocol } from './middleware/tus-protocol';
import { unmatched } from './middleware/unmatched';
import { uploadDoors } from './middleware/upload-doors';
import { unreadBody } from './middleware/unread-body';
import type { Project } from './project';
import { createRouter, type RouterSettings } from './router';
import type { Services } from './services';
import { createViews } from './views';

export interface HttpSettings extends RouterSettings {
  trustedProxies: string[];
  bodyIdleMs: number;
  /** Bytes of the largest static file that is sent; 0 is no limit. */
  staticMaxBytes: number;
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
