import { hash, verify } from '@node-rs/argon2';
import { Unavailable } from '../errors';

/** OWASP's choice for argon2id: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * How many hashes are made at once. Each takes a core, and a thread of the pool that also reads files and looks up names:
 * a core stays for the event loop, and two threads for the others, so that a flood of sign-ins is felt by nobody else.
 * @param cores that this process may use
 * @param threads of libuv's pool
 */
export function hashesAtOnce(cores: number, threads: number): number {
  return Math.max(1, Math.min(cores - 1, threads - 2));
}

export interface Passwords {
  /** @throws `Unavailable` when too many are waiting */
  hash(password: string): Promise<string>;
  /**
   * Takes the same time whether there is a hash to compare with or not.
   * @throws `Unavailable` when too many are waiting
   */
  verify(hash: string | null, password: string): Promise<boolean>;
}

/**
 * argon2id, at most `concurrency` at once and `waiting` in line: a flood of sign-ins is refused instead of taking the
 * machine's memory and threads.
 */
export function createPasswords({
  concurrency,
  waiting,
}: {
  concurrency: number;
  waiting: number;
}): Passwords {
  const line = createLine(concurrency, waiting);
  let decoy: Promise<string> | undefined;

  /** Compared with where the user is unknown, so that the answer takes as long; nobody knows its password. */
  function decoyHash(): Promise<string> {
    decoy ??= hash(crypto.randomUUID(), COST).catch((error: unknown) => {
      decoy = undefined;
      throw error;
    });
    return decoy;
  }

  return {
    hash: (password) => line(() => hash(password, COST)),
    verify: (stored, password) =>
      line(async () => {
        const same = await verify(stored ?? (await decoyHash()), password);
        return same && stored !== null;
      }),
  };
}

function createLine(concurrency: number, waiting: number) {
  let running = 0;
  const line: (() => void)[] = [];
  return async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (line.length >= waiting)
        throw new Unavailable('Too many sign-ins at once; try again in a moment.', undefined, 2);
      await new Promise<void>((resolve) => line.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
