import { once } from 'node:events';
import type { Server } from 'node:http';
import type net from 'node:net';
import { until } from '../contract/until';
import { createHttpServer } from '../../src/server';
import { withBlobs } from './faults';
import { startFerry, type Ferry } from './ferry';
import { Nginx } from './nginx';
import { requestHead, Wire, type HeaderLines, type WireAnswer } from './wire';

const HOUR = 60 * 60 * 1000;

/** Where nginx has the blobs. */
export const BLOBS = '/_ferry-blobs/';
/** A web origin that may call the API. */
export const ORIGIN = 'https://app.example.com';

/** Fields of the connection, and of the moment. */
const NOT_END_TO_END = new Set(['connection', 'keep-alive', 'date', 'server', 'transfer-encoding']);

export interface Asked {
  target: string;
  lines?: HeaderLines;
  method?: string;
  version?: string;
}

/** Ferry with nginx before it, which sends the bytes of files. */
export class BehindNginx {
  /** How often Ferry has read content. */
  reads = 0;
  /** What nginx has connected to Ferry, and tests have. */
  readonly connections: net.Socket[] = [];

  private constructor(
    readonly ferry: Ferry,
    /** Stands for a second process. */
    private readonly second: Server,
    readonly nginx: Nginx,
  ) {}

  static async start(): Promise<BehindNginx> {
    let onRead = () => undefined as unknown;
    const ferry = await startFerry({
      settings: { TRUSTED_PROXIES: '127.0.0.1', ACCEL_REDIRECT: BLOBS, CORS_ORIGINS: ORIGIN },
      now: () => new Date(Date.now() - HOUR),
      wrapStores: withBlobs((blobs) => ({
        async openBlob(sha256) {
          const reader = await blobs.openBlob(sha256);
          return {
            size: reader.size,
            ...(reader.path !== undefined && { path: reader.path }),
            close: () => reader.close(),
            read(start, end) {
              onRead();
              return reader.read(start, end);
            },
          };
        },
      })),
    });
    const second = createHttpServer(ferry.app).listen(0, '127.0.0.1');
    await once(second, 'listening');
    const nginx = await Nginx.start({
      upstreams: [new URL(ferry.url).host, hostOf(second)],
      uploadsDirectory: ferry.config.uploadsDirectory,
    });
    const started = new BehindNginx(ferry, second, nginx);
    onRead = () => (started.reads += 1);
    for (const server of [ferry.server, second]) {
      server.on('connection', (socket: net.Socket) => started.connections.push(socket));
    }
    return started;
  }

  /** Another nginx before the same Ferry, which looks for blobs where there are none. */
  startBlind(): Promise<Nginx> {
    return Nginx.start({
      upstreams: [new URL(this.ferry.url).host, hostOf(this.second)],
      uploadsDirectory: `${this.ferry.directory}/elsewhere`,
    });
  }

  /** Asks Ferry and nginx, whose answers have to be the same; says which of them read the bytes behind nginx. */
  async ask(asked: Asked): Promise<{ answer: WireAnswer; sender: 'nginx' | 'Ferry' }> {
    const direct = await ask(this.ferry, asked);
    this.reads = 0;
    const answer = await ask(this.nginx, asked);
    expect(endToEnd(answer)).toEqual(endToEnd(direct));
    expect([direct.headers['server'], answer.headers['server']]).toEqual([undefined, 'nginx']);
    return { answer, sender: [200, 206].includes(answer.status) && this.reads === 0 ? 'nginx' : 'Ferry' };
  }

  /** What nginx has logged, once there is such a line in it: it writes after it has answered. */
  async logged(line: RegExp): Promise<string> {
    await until(async () => line.test(await this.nginx.log()));
    return this.nginx.log();
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    this.second.closeAllConnections();
    await new Promise((resolve) => this.second.close(resolve));
    await this.ferry.stop();
  }
}

/** One request on a connection that ends with it, so that nothing beyond the answer goes unnoticed. */
export async function ask(
  server: { url: string },
  { target, lines = [], method = 'GET', version }: Asked,
): Promise<WireAnswer> {
  const wire = await Wire.connect(server);
  const always: HeaderLines = [
    ['X-Request-Id', 'the-same'],
    ['Connection', 'close'],
  ];
  await wire.send(requestHead(method, target, [...lines, ...always], version));
  const answer = await wire.answer(method);
  await wire.end();
  expect(wire.surplus).toHaveLength(0);
  wire.destroy();
  return answer;
}

/** What a client sees, in a form whose differences can be read. */
function endToEnd({ status, headers, body }: WireAnswer) {
  const kept = Object.entries(headers).filter(([name]) => !NOT_END_TO_END.has(name));
  return { status, headers: Object.fromEntries(kept), body: body.toString('latin1') };
}

/** The address of a server on loopback. */
export function hostOf(server: net.Server): string {
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}
