import type { Connection } from 'mongoose';
import { Conflict, FerryError, OutOfSpace, Unavailable } from '../../../errors';

const SELECTION_MS = 3000;
const SOCKET_MS = 30_000;
/** So long a call waits for a server that took it and does not answer. */
const CALL_MS = 10_000;
const DUPLICATE_KEY = 11000;
/** `OutOfDiskSpace` of MongoDB. */
const DISK_FULL = 14031;
/** Errors of the driver and of Mongoose for a server that does not answer now, but may do so later. */
const UNANSWERED =
  /^Mongo(ose)?(Network\w*|ServerSelection|ServerClosed|TopologyClosed|NotConnected|PoolCleared\w*|PoolClosed|WaitQueueTimeout|ConnectionPoolCleared|ClientClosed|ExpiredSession|OperationTimeout|WriteConcern)Error$/;
/** Codes of servers that do not let us in, are stepping down, shutting down or ran out of time. */
const UNANSWERED_CODES = new Set([13, 18, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/** Whether a record with that id is there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === DUPLICATE_KEY;
}

/** An error of the driver as one of the catalogue; everything else is returned as it is. */
function translate(error: unknown): unknown {
  if (error instanceof FerryError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (isDuplicate(error)) return new Conflict('This is taken already.', { cause: error });
  if (code === DISK_FULL) return new OutOfSpace('The disk of the document store is full.', { cause: error });
  const unanswered = UNANSWERED.test(error.name) || (typeof code === 'number' && UNANSWERED_CODES.has(code));
  return unanswered ? new Unavailable('The document store does not answer.', error) : error;
}

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** A connection that is made when it is first needed, and made again after it could not be. */
export class MongoConnection {
  private opening: Promise<void> | null = null;
  private closed = false;

  /** @param prepare called once it is connected, before anything else */
  constructor(
    private readonly connection: Connection,
    private readonly url: string,
    private readonly prepare: () => Promise<void>,
    private readonly callMs = CALL_MS,
  ) {}

  /** The same methods over a connection that is there, which throw errors of the catalogue. */
  guard<T extends object>(methods: T): T {
    const entries = Object.entries(methods as Record<string, Method>).map(
      ([name, method]): [string, Method] => [
        name,
        async (...parameters) => {
          try {
            return await this.inTime(this.ready().then(() => method(...parameters)));
          } catch (error) {
            throw translate(error);
          }
        },
      ],
    );
    return Object.fromEntries(entries) as T;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.opening?.catch(() => undefined);
    await this.connection.close();
  }

  /** What takes longer goes on without its caller: also an index that is being built for the first time. */
  private async inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Unavailable(`The document store did not answer within ${this.callMs} ms.`)),
        this.callMs,
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private ready(): Promise<void> {
    if (this.closed) return Promise.reject(new Unavailable('The document store is closed.'));
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    const named = /^[^:]+:\/\/[^/]+\/[^?]/.test(this.url);
    await this.connection.openUri(this.url, {
      ...(!named && { dbName: 'ferry' }),
      serverSelectionTimeoutMS: SELECTION_MS,
      socketTimeoutMS: SOCKET_MS,
      bufferCommands: false,
      autoCreate: false,
      autoIndex: false,
    });
    await this.prepare();
  }
}

/** The address for people: without credentials and options. */
export function withoutSecrets(url: string): string {
  return url.replace(/\/\/.*@/, '//').replace(/\?.*$/s, '');
}
