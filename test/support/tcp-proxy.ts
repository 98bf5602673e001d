import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';

/** Passes connections on, as long as the way is not cut. */
export interface TcpProxy {
  port: number;
  /** Ends all connections and takes no new ones. */
  cut(): void;
  /** Keeps connections, and passes nothing on. */
  hold(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  let isCut = false;
  let isHeld = false;
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  };
  const server = net.createServer((client) => {
    keep(client);
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = net.connect(target);
    keep(upstream);
    client.on('data', (bytes) => isHeld || upstream.write(bytes));
    upstream.on('data', (bytes) => isHeld || client.write(bytes));
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    hold() {
      isHeld = true;
    },
    mend() {
      // What was held back is lost, and the rest of it would make no sense.
      if (isHeld) for (const socket of sockets) socket.destroy();
      isCut = false;
      isHeld = false;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
