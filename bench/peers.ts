import fastifyStatic from '@fastify/static';
import { FileStore } from '@tus/file-store';
import { Server as TusServer } from '@tus/server';
import fastify from 'fastify';
import Koa from 'koa';
import serve from 'koa-static';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import send from 'send';

/**
 * A server to compare with, in a process of its own: the first argument is its name, the second its folder, the third
 * the port, if it is not to be any.
 */
const peers: Record<string, (folder: string) => http.RequestListener | Promise<http.RequestListener>> = {
  /** The least that a Node server can do. */
  hello: () => (_request, response) => void response.end('hello'),

  '@tus/server': (folder) => {
    const server = new TusServer({ path: '/files', datastore: new FileStore({ directory: folder }) });
    return (request, response) => {
      if (request.url === '/') response.end('ready');
      else void server.handle(request, response);
    };
  },

  'koa-static': (folder) => {
    const app = new Koa();
    app.use(serve(folder));
    // A load that ends leaves answers unfinished.
    app.on('error', () => undefined);
    const answer = app.callback();
    return (request, response) => void answer(request, response);
  },

  send: (folder) => (request, response) =>
    void send(request, request.url ?? '', { root: folder }).pipe(response),

  '@fastify/static': async (folder) => {
    const app = fastify();
    await app.register(fastifyStatic, { root: folder });
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
};

async function main([name = '', folder = '', port = '0']: string[]): Promise<void> {
  const peer = peers[name];
  if (!peer) throw new Error(`there is no peer ${name}`);
  const server = http.createServer(await peer(folder)).listen(Number(port), '127.0.0.1', () => {
    process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  });
}

void main(process.argv.slice(2));
