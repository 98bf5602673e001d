import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createApp } from '../app';
import { ConfigError, readConfig, type Config } from '../config';
import { createLogger } from '../logger';
import { FolderInUse, lockFolder } from '../models/process-lock';
import { openStores } from '../models/stores';
import { readProject } from '../project';
import { createHttpServer } from '../server';
import { createServices } from '../services';
import { keptSecret } from '../services/secrets';
import { banner, localUrl } from './banner';
import { migrateOnceThere } from './first-migration';
import { createShutdown } from './shutdown';
import { readSigningKeys } from './signing-keys';

/**
 * Connections that wait to be accepted, as far as the kernel allows it (somaxconn). When all clients of another process
 * come at once, those beyond it try again after seconds.
 */
const BACKLOG = 4096;

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  const logger = await createLogger(config.log);
  const project = readProject();
  await keepOthersOut(config);
  const stores = await openStores(config, logger);
  await migrateOnceThere(stores.sql, logger);
  const services = createServices({
    stores,
    ...config.tokens,
    secret: config.tokens.secret ?? (await keptSecret(config.dataDirectory)),
    signingKeys: await readSigningKeys(config.tokens.keyFiles),
    issuer: config.http.publicUrl ?? 'ferry',
    threads: config.threads,
    limits: config.limits,
    wechat: config.wechat,
    uploads: config.uploads,
    downloads: config.downloads,
    realtime: config.realtime,
    documents: { ...config.documents, publicUrl: config.http.publicUrl },
    log: logger,
  });
  if (config.wechat.dev) {
    logger.warn('WECHAT_DEV is 1: anybody can sign in as anybody by the code dev:<name>');
  }
  const http = { ...config.http, cacheViews: config.environment === 'production' };
  const server = createHttpServer(createApp({ services, project, http, logger }));
  const shutdown = createShutdown({ server, services, stores, logger, timeMs: config.http.shutdownMs });
  stopOn(['SIGINT', 'SIGTERM'], shutdown);
  await services.maintenance.start();
  const address = await listen(server, config.listen);
  const report = await services.health.report();
  const url = config.http.publicUrl ?? localUrl(address);
  if (config.log.pretty) process.stdout.write(`${banner(project.version, url, report)}\n`);
  else logger.info({ url, address, version: project.version, stores: report.stores }, 'listening');
}

/** Leases, sessions and events of one process are unknown to another one, unless they lie in Redis. */
async function keepOthersOut({ redis, dataDirectory, uploadsDirectory }: Config): Promise<void> {
  for (const folder of new Set([dataDirectory, uploadsDirectory])) {
    const lock = await lockFolder(folder, redis !== null);
    // What nothing refers to is closed when memory is tidied up.
    process.once('exit', () => lock.release());
  }
}

function listen(
  server: ReturnType<typeof createHttpServer>,
  { host, port }: Config['listen'],
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => resolve(server.address() as AddressInfo));
  });
}

/** The first signal asks for an orderly end, a second one does not wait for it. */
function stopOn(signals: NodeJS.Signals[], shutdown: (reason: string) => Promise<void>): void {
  let asked = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      shutdown(signal).then(() => process.exit(0), fail);
    });
  }
}

function fail(error: unknown): void {
  const { code, port } = error as { code?: string; port?: number };
  const text =
    error instanceof ConfigError
      ? `Ferry cannot start with these settings:\n${error.message.replace(/^/gm, '  ')}`
      : error instanceof FolderInUse
        ? `Ferry cannot start: another process uses ${error.folder}. Stop it, or give this one a DATA_DIR and UPLOADS_DIR of its own. Several processes on the same data need REDIS_URL, all of them the same.`
        : code === 'EADDRINUSE'
          ? `Ferry cannot listen on port ${String(port)}: something else does. Set PORT to another one.`
          : `Ferry failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

main().catch(fail);
