import { frozenFrom, jsonOf } from '../frozen';
import type { LoggedEvent, Position } from '../index';

interface Body {
  type: string;
  /** Milliseconds since 1970. */
  time: number;
  data: unknown;
}

/** An event as it lies in the stream, where its place in it tells the position. @throws TypeError */
export function writeBody(type: string, time: Date, data: unknown): string {
  return `{"type":${JSON.stringify(type)},"time":${time.getTime()},"data":${jsonOf(data)}}`;
}

export function readBody(topic: string, position: Position, body: string): LoggedEvent {
  const { type, time, data } = frozenFrom(body) as Body;
  return Object.freeze({ topic, type, data, time: new Date(time), position: Object.freeze(position) });
}

/** An event as it is told on the channel of its topic: epoch, offset, and what lies in the stream. */
export function readMessage(topic: string, message: string): LoggedEvent {
  const [, epoch = '', offset = '', body = ''] = /^(\w+) (\d+) (.*)$/s.exec(message) ?? [];
  return readBody(topic, { epoch, offset: Number(offset) }, body);
}
