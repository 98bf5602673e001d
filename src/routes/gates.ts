import type { Middleware } from '../middleware/context';

/** What routes put before their controllers. */
export interface Gates {
  /** Finds out who is asking, and lets anybody pass. */
  anybody: Middleware;
  /** Lets only signed-in users pass. */
  signedIn: Middleware;
  /** Reads a JSON body. */
  json: Middleware;
  /** Answers a repeated `Idempotency-Key` with the first answer. */
  idempotent: Middleware;
}
