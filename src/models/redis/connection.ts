import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Unavailable } from '../../errors';
import { locationOf, parseRedisUrl, type RedisAddress } from './address';
import { createClient, createListener, type RedisClient } from './client';
import { translate, withoutCommand } from './errors';

/** How long calls wait for a connection that was lost a moment ago; later ones are refused at once. */
const RETURN_MS = 1000;

/** What the process is told of its connections. */
export interface RedisLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

/** Where a store is on Redis. */
export interface RedisPlace {
  /** As `parseRedisUrl` takes it. */
  url: string;
  /** Begins all its keys and channels, so that several installations may share a server. */
  prefix: string;
  /** Told when a connection is lost, and when it is back. */
  log?: RedisLog | undefined;
}

/** @throws TypeError */
export function addressOf({ url }: RedisPlace): RedisAddress {
  const address = parseRedisUrl(url);
  // The text is not told: it may have a password.
  if (!address) throw new TypeError('the address of Redis cannot be read');
  return address;
}

/** A script that runs in one go. Its keys have to be of one hash slot. */
export class RedisScript {
  readonly sha: string;

  constructor(readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}

/**
 * A connection that comes back by itself. Every call settles within a few seconds: with the answer, or with
 * `Unavailable`; then what was asked for may have been done or not, as with any server whose answer gets lost.
 */
export class RedisConnection<Client extends RedisClient = RedisClient> {
  /** Whether the connection came back, of the time without one that is or was last. */
  private back: Promise<boolean> = Promise.resolve(false);
  private settleBack: (isBack: boolean) => void = () => undefined;
  private closed = false;

  /** @param what is behind it, for people: `The event log` */
  constructor(
    readonly client: Client,
    readonly location: string,
    private readonly what: string,
    private readonly log?: RedisLog,
  ) {
    this.expectBack();
    let lastError: Error | null = null;
    let isReady = false;
    let isReported = false;
    client.on('ready', () => {
      isReady = true;
      if (isReported) log?.info({ location }, `${what} answers again`);
      isReported = false;
      this.settleBack(true);
    });
    client.on('error', (error: unknown) => {
      lastError = withoutCommand(error);
    });
    client.on('close', () => {
      if (isReady) this.expectBack();
      isReady = false;
      if (!this.closed && !isReported) {
        log?.warn({ location, ...(lastError && { err: lastError }) }, `${what} is out of reach`);
      }
      isReported = true;
    });
  }

  get isOpen(): boolean {
    return this.client.status === 'ready';
  }

  /** @throws `Unavailable`, and an Error for a command that is wrong */
  async run<T>(command: (client: Client) => Promise<T>): Promise<T> {
    if (this.closed) throw new Unavailable(`${this.what} is closed.`);
    try {
      if (!this.isOpen && !(await this.back)) throw new Unavailable(`${this.what} is out of reach.`);
      return await command(this.client);
    } catch (error) {
      throw translate(this.what, error);
    }
  }

  /** Runs a script, which Redis knows by its hash unless it has just started. */
  eval(script: RedisScript, keys: string[], args: (string | number)[]): Promise<unknown> {
    return this.run(async (client) => {
      try {
        return await client.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return client.eval(script.source, keys.length, ...keys, ...args);
      }
    });
  }

  async ping(): Promise<void> {
    await this.run((client) => client.ping());
  }

  /** What was sent before is answered first. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.settleBack(false);
    await this.client.quit().catch(() => undefined);
    if (this.client.status !== 'end') this.client.disconnect();
  }

  private expectBack(): void {
    if (this.closed) return;
    this.back = new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), RETURN_MS);
      this.settleBack = (isBack) => {
        clearTimeout(timer);
        resolve(isBack);
      };
    });
  }
}

/** A connection for commands. The server need not answer yet. @throws TypeError for a URL that is none */
export async function connect(place: RedisPlace, what: string): Promise<RedisConnection> {
  const address = addressOf(place);
  return new RedisConnection(await createClient(address), locationOf(address), what, place.log);
}

/** A connection to listen on. @throws TypeError for a URL that is none */
export async function connectListener(place: RedisPlace, what: string): Promise<RedisConnection<Redis>> {
  const address = addressOf(place);
  return new RedisConnection(await createListener(address), locationOf(address), what, place.log);
}
