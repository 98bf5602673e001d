import type { Format } from '../services/hub/messages';
import { textFrame } from './websocket-frames';

/** Packets of Socket.IO, one after the other, in the two forms in which Engine.IO sends them. */
export interface Packets {
  /** As one message of Engine.IO; in the body of an answer to a poll its separators begin further ones. */
  text: string;
  /** As WebSocket frames, with which nothing is left to be done for each client. */
  frames: Buffer;
}

/** Between packets of Engine.IO in one body; each begins with its type, which is that of a message. */
const NEXT_MESSAGE = '\x1e4';

/** An event of the log as the packet of an event of Socket.IO. */
export const packetFormat: Format<Packets> = {
  encode({ json }) {
    const text = `2["event",${json}]`;
    return { text, frames: textFrame(`4${text}`) };
  },
};

export function joinPackets(packets: readonly Packets[]): Packets {
  return {
    text: packets.map(({ text }) => text).join(NEXT_MESSAGE),
    frames: Buffer.concat(packets.map(({ frames }) => frames)),
  };
}
