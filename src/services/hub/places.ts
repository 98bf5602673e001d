import { RateLimited, Unavailable } from '../../errors';
import { networkOf } from '../network-of';
import type { HubCounts, TransportName } from './metrics';

/** How many connections there may be. Requests that wait for an event count as such. */
export interface PlaceLimits {
  /** In this process. */
  connections: number;
  /** Of one user. */
  connectionsOfUser: number;
  /** From one address. */
  connectionsOfAddress: number;
  /** Topics of one connection. */
  topics: number;
  /** Topics of all connections together. */
  subscriptions: number;
}

const RETRY_SECONDS = 10;

/** The right to one connection. */
export interface Place {
  readonly transport: TransportName;
  /** The connection turns out to be that of a user. @throws `RateLimited` */
  assign(userId: string): void;
  /** Counts topics that come and go. @throws `InvalidRequest`, `Unavailable` */
  hold(topics: number): void;
  leave(): void;
}

/** Who has a connection, and that they do not have too many. */
export class Places {
  private readonly ofUser = new Map<string, number>();
  private readonly ofAddress = new Map<string, number>();
  private open = 0;
  private subscriptions = 0;

  constructor(
    private readonly limits: PlaceLimits,
    private readonly counts: HubCounts,
  ) {}

  /** @throws `Unavailable`, `RateLimited` */
  take(transport: TransportName, { userId, address }: { userId: string | null; address: string }): Place {
    const network = networkOf(address);
    const { connections, connectionsOfAddress } = this.limits;
    if (this.open >= connections) {
      throw this.refusal(new Unavailable('There are too many connections.', undefined, RETRY_SECONDS));
    }
    if ((this.ofAddress.get(network) ?? 0) >= connectionsOfAddress) {
      throw this.refusal(new RateLimited('Too many connections from your address.', RETRY_SECONDS));
    }
    if (userId !== null) this.requireRoomOf(userId);
    return this.sit(transport, network, userId);
  }

  private sit(transport: TransportName, network: string, userId: string | null): Place {
    let [left, user, held] = [false, userId, 0];
    this.open += 1;
    this.counts.connections[transport] += 1;
    this.counts.opened[transport] += 1;
    add(this.ofAddress, network, 1);
    if (user !== null) add(this.ofUser, user, 1);
    return {
      transport,
      assign: (assigned) => {
        if (left || user !== null) return;
        this.requireRoomOf(assigned);
        user = assigned;
        add(this.ofUser, assigned, 1);
      },
      hold: (topics) => {
        if (left) return;
        if (topics > held && this.subscriptions + topics - held > this.limits.subscriptions) {
          throw new Unavailable('There are too many subscriptions.', undefined, RETRY_SECONDS);
        }
        this.subscriptions += topics - held;
        held = topics;
      },
      leave: () => {
        if (left) return;
        left = true;
        this.open -= 1;
        this.subscriptions -= held;
        this.counts.connections[transport] -= 1;
        add(this.ofAddress, network, -1);
        if (user !== null) add(this.ofUser, user, -1);
      },
    };
  }

  private requireRoomOf(userId: string): void {
    if ((this.ofUser.get(userId) ?? 0) < this.limits.connectionsOfUser) return;
    throw this.refusal(new RateLimited('You have too many connections.', RETRY_SECONDS));
  }

  private refusal<E extends Error>(error: E): E {
    this.counts.refused += 1;
    return error;
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
