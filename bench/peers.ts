import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A server to compare with, in a process of its own; the name is the first argument, the folder the second. */
const peers: Record<string, http.RequestListener> = {
  /** The least that a Node server can do. */
  hello: (_request, response) => void response.end('hello'),

  /** The usual chunk server: a file for each chunk, nothing checked and nothing remembered, but synced. */
  chunkFiles: (request, response) => {
    const folder = process.argv[3] ?? '';
    const file = path.join(folder, path.basename(request.url ?? ''));
    void pipeline(request, createWriteStream(file))
      .then(() => open(file))
      .then(async (handle) => {
        await handle.datasync();
        await handle.close();
        response.end('{}');
      });
  },
};

const listener = peers[process.argv[2] ?? ''];
if (!listener) throw new Error(`there is no peer ${process.argv[2] ?? ''}`);
const server = http.createServer(listener).listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
