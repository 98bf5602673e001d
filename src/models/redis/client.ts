import net from 'node:net';
import tls from 'node:tls';
import type { AbstractConnector, Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisAddress } from './address';

export type RedisClient = Redis | Cluster;
type Options = Omit<RedisOptions, 'replyMapping'>;

/** How long Redis may take to answer a command, or to take a connection. */
const ANSWER_MS = 2000;
/** How long a connection may take to end before it is cut. */
const END_MS = 200;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;

/** Never gives up; the jitter keeps many processes from coming back in step. */
const retryDelay = (times: number): number =>
  Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2);

function optionsOf({ username, password, database, tls: secure, nodes }: RedisAddress): Options {
  const [{ host }] = nodes;
  return {
    username: username ?? undefined,
    password: password ?? undefined,
    db: database,
    ...(secure && { tls: net.isIP(host) === 0 ? { servername: host } : {} }),
    connectionName: 'ferry',
    connectTimeout: ANSWER_MS,
    disconnectTimeout: END_MS,
    commandTimeout: ANSWER_MS,
    // A server that is stopped, or a network that swallows everything, is found out by its silence.
    socketTimeout: ANSWER_MS,
    // What cannot be sent now is refused, and what was sent is not sent twice: it may have been done.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: retryDelay,
    // A master that has become a replica: another connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

/** A client for commands. It connects by itself, again and again, and queues nothing meanwhile. */
export async function createClient(address: RedisAddress): Promise<RedisClient> {
  // Loaded only when it is used.
  const { Cluster, Redis } = await import('ioredis');
  if (address.kind !== 'cluster') return new Redis(serverOptions(address));
  const { retryStrategy, enableOfflineQueue, ...redisOptions } = optionsOf(address);
  return new Cluster([...address.nodes], {
    redisOptions,
    enableOfflineQueue: enableOfflineQueue ?? false,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: retryStrategy ?? null,
    slotsRefreshTimeout: ANSWER_MS,
    // Certificates are issued for names.
    ...(address.tls && { dnsLookup: (name, found) => found(null, name) }),
  });
}

/**
 * A connection of its own to listen on. In a cluster every node hears what is published on any other, so that it may be
 * to whichever of those that are named.
 */
export async function createListener(address: RedisAddress): Promise<Redis> {
  const { AbstractConnector, Redis } = await import('ioredis');
  if (address.kind !== 'cluster') return new Redis(serverOptions(address));
  return new Redis({ ...optionsOf(address), Connector: inTurn(address, AbstractConnector) });
}

function serverOptions(address: RedisAddress): Options {
  const { kind, nodes, master, sentinelUsername, sentinelPassword } = address;
  const options = optionsOf(address);
  if (kind !== 'sentinel') return { ...options, host: nodes[0].host, port: nodes[0].port };
  return {
    ...options,
    sentinels: [...nodes],
    name: master,
    sentinelUsername: sentinelUsername ?? undefined,
    sentinelPassword: sentinelPassword ?? undefined,
    sentinelCommandTimeout: ANSWER_MS,
    sentinelRetryStrategy: retryDelay,
    // The host of the URL is a Sentinel, and which server answers is not known before.
    ...(address.tls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
}

/** Connects to one node after the other, the next one each time. */
function inTurn(
  { nodes, tls: secure }: RedisAddress,
  Connector: typeof AbstractConnector,
): NonNullable<Options['Connector']> {
  let turn = 0;
  return class extends Connector {
    constructor() {
      super(END_MS);
    }

    override connect(): Promise<net.Socket> {
      const node = nodes[turn % nodes.length] ?? nodes[0];
      turn += 1;
      const named = net.isIP(node.host) === 0 ? { servername: node.host } : {};
      const socket = secure ? tls.connect({ ...node, ...named }) : net.connect(node);
      this.stream = socket;
      return Promise.resolve(socket);
    }
  };
}
