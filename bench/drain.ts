/**
 * A process that downloads as fast as it can and keeps nothing: told what and over how many connections, it says how
 * many bytes came in how many seconds.
 */
import net from 'node:net';

export interface Load {
  port: number;
  path: string;
  connections: number;
  seconds: number;
}

export interface Drained {
  bytes: number;
  seconds: number;
}

/** One for all connections, because nobody looks at what is in it. */
const buffer = Buffer.allocUnsafeSlow(1024 * 1024);

function drain({ port, path, connections, seconds }: Load, done: (drained: Drained) => void): void {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  let bytes = 0;
  const connect = () => {
    let head = '';
    let left = 0;
    const take = (count: number) => {
      for (let at = 0; at < count;) {
        if (left > 0) {
          const taken = Math.min(left, count - at);
          at += taken;
          left -= taken;
          bytes += taken;
        } else {
          const known = head.length;
          head += buffer.toString('latin1', at, Math.min(count, at + 16 * 1024));
          const end = head.indexOf('\r\n\r\n');
          if (end < 0) return;
          at += end + 4 - known;
          left = lengthIn(head);
          head = '';
        }
        if (left === 0 && head === '') socket.write(request);
      }
    };
    const callback = (count: number) => {
      take(count);
      return true;
    };
    const socket = net.connect({ host: '127.0.0.1', port, onread: { buffer, callback } });
    socket.write(request);
    return socket;
  };
  const begun = performance.now();
  const sockets = Array.from({ length: connections }, connect);
  setTimeout(() => {
    done({ bytes, seconds: (performance.now() - begun) / 1000 });
    for (const socket of sockets) socket.destroy();
  }, seconds * 1000);
}

function lengthIn(head: string): number {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(`an answer began:\n${head}`);
  return Number(length);
}

process.on('message', (load: Load) => {
  drain(load, (drained) => process.send?.(drained));
});
