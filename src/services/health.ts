import type { Store } from '../models/store';

const PING_MS = 2000;

export interface StoreHealth {
  name: string;
  form: string;
  location: string | null;
  up: boolean;
}

export interface HealthReport {
  ready: boolean;
  draining: boolean;
  stores: StoreHealth[];
}

export interface Health {
  /** Asks every store; one that does not answer within 2 s counts as down. */
  report(): Promise<HealthReport>;
  /** From now on the process is not ready: it is about to stop. */
  drain(): void;
}

/** @param pingMs how long a store may take to answer */
export function createHealth(stores: Record<string, Store>, pingMs = PING_MS): Health {
  let draining = false;

  async function check([name, store]: [string, Store]): Promise<StoreHealth> {
    const up = await within(pingMs, store.ping()).then(
      () => true,
      () => false,
    );
    return { name, form: store.form, location: store.location, up };
  }

  return {
    async report() {
      const healths = await Promise.all(Object.entries(stores).map(check));
      return { ready: !draining && healths.every((store) => store.up), draining, stores: healths };
    },
    drain() {
      draining = true;
    },
  };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
