import type { Server, Socket } from 'socket.io';
import type { Consumer } from '../services/hub/consumer';
import type { Feed } from '../services/hub/feed';
import type { Format } from '../services/hub/messages';

/** Once so many bytes went to a room, its sockets are looked at: whether they take them. */
const LOOK_AFTER_BYTES = 64 * 1024;

/** An event of the log as an object, which the encoder of socket.io takes. */
export const objectFormat: Format<object> = {
  encode: ({ json }) => JSON.parse(json) as object,
};

interface Room {
  members: Set<Consumer>;
  stop: () => void;
}

/** A room for each set of topics: an event is encoded once and given to all sockets that follow exactly these. */
export class Rooms {
  private readonly rooms = new Map<Feed, Room>();

  constructor(private readonly io: Server) {}

  /** @returns what ends it */
  join(feed: Feed, socket: Socket, consumer: Consumer): () => void {
    const room = this.rooms.get(feed) ?? this.open(feed);
    room.members.add(consumer);
    void socket.join(feed.key);
    return () => {
      void socket.leave(feed.key);
      room.members.delete(consumer);
      if (room.members.size > 0 || this.rooms.get(feed) !== room) return;
      room.stop();
      this.rooms.delete(feed);
    };
  }

  private open(feed: Feed): Room {
    const members = new Set<Consumer>();
    let bytes = 0;
    const stop = feed.listen({
      deliver: (message) => {
        this.io.to(feed.key).emit('event', message.as(objectFormat));
        const [one] = members;
        one?.count(members.size);
        bytes += message.json.length;
        if (bytes < LOOK_AFTER_BYTES) return;
        bytes = 0;
        for (const member of [...members]) member.look();
      },
      lost: (next) => {
        this.io.to(feed.key).emit('ready', { next, recovered: false });
      },
    });
    const room = { members, stop };
    this.rooms.set(feed, room);
    return room;
  }
}
