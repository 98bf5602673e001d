import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contenders';

const READERS = 50;
const SECONDS = 10;
/** What each reader takes ten times in a second: 640 KB/s. */
const SIP = 64 * 1024;

/** What readers of large files do to a server that are slower than it: how its memory grows and its event loop lags. */
export async function benchSlowReaders({ process, port }: Contender, paths: string[]): Promise<string> {
  const idle = await process.resident();
  await process.ask({});
  const sockets = Array.from({ length: READERS }, (_, index) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET ${paths[index % paths.length] ?? ''} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    return socket;
  });
  let most = 0;
  for (let tenths = 0; tenths < SECONDS * 10; tenths += 1) {
    for (const socket of sockets) socket.read(SIP);
    most = Math.max(most, await process.resident());
    await sleep(100);
  }
  const taken = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0) / 2 ** 20;
  const { p99, max } = await process.ask<{ p99: number; max: number }>({});
  for (const socket of sockets) socket.destroy();
  return (
    `${READERS} slow readers of 1 GiB, ${taken.toFixed(0)} MiB taken in ${SECONDS} s: ` +
    `${(most - idle).toFixed(0)} MiB above ${idle.toFixed(0)} MiB; ` +
    `event loop delay p99 ${p99.toFixed(1)} ms, at most ${max.toFixed(1)} ms`
  );
}
