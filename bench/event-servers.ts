/**
 * A server of events in a process of its own, which also publishes them: the first argument is its name. `ferry` is the
 * built server, put together as `www` does; the others do no more than they have to.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';
import type { createApp } from '../src/app';
import type { readSigningKeys } from '../src/bin/signing-keys';
import type { readConfig } from '../src/config';
import type { createLogger } from '../src/logger';
import type { openStores } from '../src/models/stores';
import type { readProject } from '../src/project';
import type { createHttpServer } from '../src/server';
import type { createServices } from '../src/services';
import { stamped } from './event-stamps';

interface Built {
  createApp: typeof createApp;
  createHttpServer: typeof createHttpServer;
  createLogger: typeof createLogger;
  createServices: typeof createServices;
  openStores: typeof openStores;
  readConfig: typeof readConfig;
  readProject: typeof readProject;
  readSigningKeys: typeof readSigningKeys;
}

/** What the process is asked. It answers with `Answer`. */
export type Question =
  /** Publishes bursts of events, each in one turn. */
  { op: 'publish'; bursts: number; burst: number; everyMs: number } | { op: 'memory' };

export interface Answer {
  /** Of the process, from the first burst until all is written. */
  cpuSeconds: number;
  /** Resident, in bytes, after a garbage collection. */
  memory: number;
}

interface EventServer {
  http: Server;
  /** In one turn. */
  publish(data: object): unknown;
}

/** How long after the last burst what is written late still counts. */
const REST_MS = 100;

const servers: Record<string, (directory: string) => EventServer | Promise<EventServer>> = {
  ferry: startFerry,

  ws() {
    const http = createServer((_request, response) => void response.end());
    const server = new WebSocketServer({ server: http, perMessageDeflate: false });
    return {
      http,
      publish(data) {
        const text = JSON.stringify(data);
        for (const client of server.clients) client.send(text);
      },
    };
  },

  'socket.io'() {
    const http = createServer((_request, response) => void response.end());
    const io = new SocketIo(http, { serveClient: false, perMessageDeflate: false });
    io.on('connection', (socket) => {
      socket.on('subscribe', (_what: unknown, done: (answer: object) => void) => {
        void socket.join('documents');
        done({});
      });
    });
    return { http, publish: (data) => io.to('documents').emit('event', data) };
  },

  sse() {
    const streams = new Set<ServerResponse>();
    const http = createServer((request, response) => {
      if (request.url === '/healthz') {
        response.end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('event: ready\ndata: {}\n\n');
      streams.add(response);
      response.once('close', () => streams.delete(response));
    });
    return {
      http,
      publish(data) {
        const text = `data: ${JSON.stringify(data)}\n\n`;
        for (const stream of streams) stream.write(text);
      },
    };
  },
};

/** The built server: what is compiled on the way would be slower. */
async function build(): Promise<Built> {
  const modules = [
    'app',
    'bin/signing-keys',
    'config',
    'logger',
    'models/stores',
    'project',
    'server',
    'services/index',
  ];
  const all = await Promise.all(
    modules.map((name) => import(path.resolve(__dirname, `../dist/${name}.js`)) as Promise<object>),
  );
  return Object.assign({}, ...all) as Built;
}

async function startFerry(directory: string): Promise<EventServer> {
  const built = await build();
  const { createApp, createHttpServer, createLogger, createServices } = built;
  const { openStores, readConfig, readProject, readSigningKeys } = built;
  const config = readConfig({
    NODE_ENV: 'production',
    DATA_DIR: path.join(directory, 'data'),
    UPLOADS_DIR: path.join(directory, 'uploads'),
    EVENTS_MAX_PER_ADDRESS: '20000',
  });
  const logger = await createLogger(config.log);
  const stores = await openStores(config, logger);
  await stores.sql.migrate();
  const services = createServices({
    stores,
    ...config.tokens,
    secret: 'only for measurements, and only here',
    signingKeys: await readSigningKeys(config.tokens.keyFiles),
    issuer: 'ferry',
    threads: config.threads,
    limits: config.limits,
    wechat: config.wechat,
    uploads: config.uploads,
    downloads: config.downloads,
    realtime: config.realtime,
    documents: { ...config.documents, publicUrl: null },
    log: logger,
  });
  const app = createApp({
    services,
    project: readProject(),
    http: { ...config.http, cacheViews: true },
    logger,
  });
  return {
    http: createHttpServer(app),
    publish: (data) => stores.eventlog.append('documents', 'measured', data),
  };
}

async function publish(
  server: EventServer,
  { bursts, burst, everyMs }: Question & { op: 'publish' },
): Promise<number> {
  const before = process.cpuUsage();
  const begun = performance.now();
  for (let done = 0; done < bursts; done += 1) {
    for (let each = 0; each < burst; each += 1) void server.publish(stamped());
    // A server that cannot keep up goes on without a pause.
    const rest = begun + (done + 1) * everyMs - performance.now();
    await (rest > 1 ? sleep(rest) : turn());
  }
  await sleep(REST_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function main([name = '', port = '', directory = '']: string[]): Promise<void> {
  const start = servers[name];
  if (!start) throw new Error(`there is no server ${name}`);
  const server = await start(directory);
  server.http.listen({ port: Number(port), host: '127.0.0.1', backlog: 8192 });
  await once(server.http, 'listening');
  process.on('message', (question: Question) => {
    void answer(server, question).then((it) => process.send?.(it));
  });
}

async function answer(server: EventServer, question: Question): Promise<Answer> {
  const cpuSeconds = question.op === 'publish' ? await publish(server, question) : 0;
  if (question.op === 'memory') for (let again = 0; again < 3; again += 1) globalThis.gc?.();
  return { cpuSeconds, memory: process.memoryUsage().rss };
}

void main(process.argv.slice(2));
