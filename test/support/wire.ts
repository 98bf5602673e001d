import { once } from 'node:events';
import net from 'node:net';
import type { Ferry } from './ferry';

/** One answer as it came over the wire. */
export interface WireAnswer {
  status: number;
  /** By lower-case name; repeated fields are joined by `, `. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Header lines of a request, in order; the same name may come twice. */
export type HeaderLines = [name: string, value: string][];

/** The head of an HTTP/1.1 request, `Host` included. */
export function requestHead(
  method: string,
  target: string,
  lines: HeaderLines = [],
  version = '1.1',
): string {
  const fields = [['Host', 'localhost'], ...lines].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/${version}\r\n${fields.join('')}\r\n`;
}

/** Bytes as one chunk of the chunked transfer coding. */
export function codedChunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** A client that holds its socket in its own hands. */
export class Wire {
  /** Informational answers that were read on the way to the final ones. */
  readonly informational: Pick<WireAnswer, 'status' | 'headers'>[] = [];
  private pieces: Buffer[] = [];
  private count = 0;
  private ended = false;
  private changed: () => void = () => undefined;

  private constructor(readonly socket: net.Socket) {
    socket.on('data', (piece: Buffer) => {
      this.pieces.push(piece);
      this.count += piece.length;
      this.changed();
    });
    const end = (): void => {
      this.ended = true;
      this.changed();
    };
    socket.on('close', end);
    socket.on('end', end);
    socket.on('error', end);
  }

  static async connect(ferry: Pick<Ferry, 'url'>): Promise<Wire> {
    const socket = net.connect(Number(new URL(ferry.url).port), '127.0.0.1');
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Resolves when the kernel has the bytes, or the connection has ended. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      if (this.ended || this.socket.destroyed) return;
      await new Promise<void>((resolve) => {
        this.socket.once('close', resolve);
        this.socket.write(piece, () => {
          this.socket.off('close', resolve);
          resolve();
        });
      });
    }
  }

  /**
   * The next answer that is not informational.
   * @param method of the request: an answer to HEAD has no body
   * @throws when the connection ends before the answer does
   */
  async answer(method = 'GET'): Promise<WireAnswer> {
    for (;;) {
      const head = (await this.take(() => this.endOf('\r\n\r\n'))).toString('latin1');
      const [statusLine = '', ...lines] = head.trimEnd().split('\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
      const headers: Record<string, string> = {};
      for (const line of lines) {
        const colon = line.indexOf(':');
        const name = line.slice(0, colon).toLowerCase();
        const value = line.slice(colon + 1).trim();
        headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
      }
      if (status < 200) {
        this.informational.push({ status, headers });
        continue;
      }
      const bodiless = method === 'HEAD' || status === 204 || status === 304;
      return { status, headers, body: bodiless ? Buffer.alloc(0) : await this.body(headers) };
    }
  }

  /** What came and belongs to no answer that was read. */
  get surplus(): Buffer {
    const whole = Buffer.concat(this.pieces);
    this.pieces = [whole];
    return whole;
  }

  /** Resolves when the first bytes of an answer are here. */
  async begun(): Promise<void> {
    await this.received(1);
  }

  /** Resolves when so many bytes are here that belong to no answer that was read, or the connection has ended. */
  async received(bytes: number): Promise<void> {
    while (this.count < bytes && !this.ended) await this.change();
  }

  /** Resolves when the server has ended the connection. */
  async end(): Promise<void> {
    while (!this.ended) await this.change();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async body(headers: Record<string, string>): Promise<Buffer> {
    if (headers['transfer-encoding'] === 'chunked') {
      const pieces: Buffer[] = [];
      for (;;) {
        const size = parseInt((await this.take(() => this.endOf('\r\n'))).toString('latin1'), 16);
        const piece = await this.take(() => size + 2);
        if (size === 0) return Buffer.concat(pieces);
        pieces.push(piece.subarray(0, size));
      }
    }
    if (headers['content-length'] !== undefined) return this.take(() => Number(headers['content-length']));
    await this.end();
    return this.take(() => this.count);
  }

  private endOf(mark: string): number | null {
    const at = this.surplus.indexOf(mark);
    return at === -1 ? null : at + mark.length;
  }

  /** Waits until as many bytes are there as `wanted` says, null being "not known yet". */
  private async take(wanted: () => number | null): Promise<Buffer> {
    for (;;) {
      const count = wanted();
      if (count !== null && count <= this.count) {
        const whole = this.surplus;
        this.pieces = [whole.subarray(count)];
        this.count -= count;
        return whole.subarray(0, count);
      }
      if (this.ended) throw new Error(`the connection ended; ${this.count} bytes of an answer came`);
      await this.change();
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.changed = resolve;
    });
  }
}

/** One request on a connection of its own. */
export async function onWire(
  ferry: Pick<Ferry, 'url'>,
  method: string,
  target: string,
  lines: HeaderLines = [],
  body: Uint8Array = Buffer.alloc(0),
  version = '1.1',
): Promise<WireAnswer> {
  const wire = await Wire.connect(ferry);
  try {
    await wire.send(Buffer.concat([Buffer.from(requestHead(method, target, lines, version)), body]));
    return await wire.answer(method);
  } finally {
    wire.destroy();
  }
}
