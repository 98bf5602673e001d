import { once } from 'node:events';
import net from 'node:net';
import type { Ferry } from './ferry';

/** A way to the server on loopback that can be made to fail. */
export class BadNetwork {
  /** Connections that were cut. */
  cuts = 0;
  private cutAfter = Infinity;
  private damageAt = Infinity;
  private readonly sockets = new Set<net.Socket>();
  /** Bytes of the server that came over each connection since it was last said what is to fail. */
  private readonly passed = new Map<net.Socket, number>();

  private constructor(private readonly listener: net.Server) {}

  static async before(ferry: Ferry): Promise<BadNetwork> {
    const listener = net.createServer({ allowHalfOpen: false });
    const network = new BadNetwork(listener);
    listener.on('connection', (client) => network.join(client, Number(new URL(ferry.url).port)));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as net.AddressInfo).port}`;
  }

  /** The first connection that brings so many bytes of the server from now on ends there. */
  cutOnceAfter(bytes: number): void {
    this.passed.clear();
    this.cutAfter = bytes;
  }

  /** Of the first connection that brings more bytes from now on, the byte at this offset arrives as another one. */
  damageOnceAt(offset: number): void {
    this.passed.clear();
    this.damageAt = offset;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private join(client: net.Socket, port: number): void {
    const server = net.connect(port, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      server.destroy();
      this.sockets.delete(client);
      this.passed.delete(server);
    };
    this.sockets.add(client);
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.pipe(server);
    server.on('data', (piece: Buffer) => {
      const passed = this.passed.get(server) ?? 0;
      this.passed.set(server, passed + piece.length);
      const bytes = this.spoil(piece, passed);
      if (bytes.length < piece.length) {
        this.cuts += 1;
        server.destroy();
        client.end(bytes, end);
        return;
      }
      if (!client.write(bytes)) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
  }

  /** What arrives of a piece that comes after so many bytes. */
  private spoil(piece: Buffer, passed: number): Buffer {
    if (passed <= this.damageAt && this.damageAt < passed + piece.length) {
      const at = this.damageAt - passed;
      this.damageAt = Infinity;
      const damaged = Buffer.from(piece);
      damaged[at] = damaged[at]! ^ 0xff;
      return damaged;
    }
    if (passed + piece.length <= this.cutAfter) return piece;
    const rest = Math.max(0, this.cutAfter - passed);
    this.cutAfter = Infinity;
    return piece.subarray(0, rest);
  }
}
