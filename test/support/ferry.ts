import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Server } from 'node:http';
import pino from 'pino';
import { createApp } from '../../src/app';
import { readSigningKeys } from '../../src/bin/signing-keys';
import { readConfig, type Config } from '../../src/config';
import type { App } from '../../src/middleware/context';
import type { LimiterFactory } from '../../src/models/limiters';
import { closeStores, openStores, type Stores } from '../../src/models/stores';
import { readProject } from '../../src/project';
import { createHttpServer } from '../../src/server';
import { createServices, type Services } from '../../src/services';
import type { Alarms } from '../../src/services/download-budgets';
import type { Timers } from '../../src/services/hub/timers';
import { realStores, wantsRealStores } from './real-stores';

const SECRET = 'a secret for tests, and for tests alone';

/** A whole server on a free port of loopback, with stores of its own in a temporary folder. */
export interface Ferry {
  url: string;
  directory: string;
  config: Config;
  stores: Stores;
  services: Services;
  app: App;
  server: Server;
  /** What was logged, parsed. */
  logged: Record<string, unknown>[];
  stop(): Promise<void>;
}

export interface FerryOptions {
  /** As in the environment, e.g. `{ MAX_OPEN_UPLOADS: '2' }`. */
  settings?: Record<string, string>;
  /** Data to start on; kept at the end. Without it, a new folder that goes at the end. */
  directory?: string;
  /** The project whose `public` and `views` are served, when it is not this one. */
  project?: string;
  now?: () => Date;
  /** Changes stores before the services get them, e.g. to make one fail. */
  wrapStores?: (stores: Stores) => Stores;
  /** Where calls are counted, e.g. to make it fail. */
  makeLimiter?: LimiterFactory;
  /** What paces downloads. */
  alarms?: Alarms;
  /** What makes realtime connections end and repeat things. */
  timers?: Timers;
}

export async function startFerry({
  settings,
  directory,
  project,
  now,
  wrapStores,
  makeLimiter,
  alarms,
  timers,
}: FerryOptions = {}): Promise<Ferry> {
  const home = directory ?? (await mkdtemp(path.join(os.tmpdir(), 'ferry-test-')));
  const real = wantsRealStores() ? await realStores(home) : null;
  const config = readConfig({
    NODE_ENV: 'test',
    DATA_DIR: path.join(home, 'data'),
    UPLOADS_DIR: path.join(home, 'uploads'),
    ...real?.settings,
    MIN_CHUNK_BYTES: '1',
    FREE_SPACE_BYTES: '0',
    SIGN_IN_LIMIT: '100000',
    GUESS_LIMIT: '1000',
    REGISTER_LIMIT: '100000',
    QR_LIMIT: '10000',
    WRITE_LIMIT: '1000000',
    ...settings,
  });
  const logged: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const opened = await openStores(config, logger);
  const stores = wrapStores ? wrapStores(opened) : opened;
  await stores.sql.migrate();
  const services = createServices({
    stores,
    ...config.tokens,
    secret: config.tokens.secret ?? SECRET,
    signingKeys: await readSigningKeys(config.tokens.keyFiles),
    issuer: config.http.publicUrl ?? 'ferry',
    threads: config.threads,
    limits: config.limits,
    wechat: config.wechat,
    uploads: config.uploads,
    downloads: { ...config.downloads, ...(alarms && { alarms }) },
    realtime: { ...config.realtime, ...(timers && { timers }) },
    documents: { ...config.documents, publicUrl: config.http.publicUrl },
    log: logger,
    ...(now && { now }),
    ...(makeLimiter && { makeLimiter }),
  });
  const app = createApp({
    services,
    project: { ...readProject(), ...(project !== undefined && { directory: project }) },
    http: { ...config.http, cacheViews: true },
    logger,
  });
  const server = createHttpServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    directory: home,
    config,
    stores,
    services,
    app,
    server,
    logged,
    async stop() {
      await services.hub.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await services.maintenance.stop();
      await services.markdown.close();
      await closeStores(opened);
      if (directory !== undefined) return;
      await real?.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
