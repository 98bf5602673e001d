import type { Format } from '../services/hub/messages';

/** One event of a stream (HTML §9.2.6). Its data is JSON, which has no line breaks. */
export function eventFrame({ id, event, data }: { id?: string; event: string; data: string }): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
}

/** How long a client is to wait before it comes back. */
export function retryFrame(milliseconds: number): Buffer {
  return Buffer.from(`retry: ${Math.round(milliseconds)}\n\n`);
}

/** A line that clients skip. It keeps the connection open where proxies close silent ones. */
export const HEARTBEAT = Buffer.from(':\n\n');

/** An event of the log. */
export const sseFormat: Format<Buffer> = {
  encode: ({ id, type, json }) => eventFrame({ id, event: type, data: json }),
};
