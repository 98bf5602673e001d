import type { Middleware } from '../middleware/context';

/** What routes put before their controllers. */
export interface Gates {
  /** Finds out who is asking, and lets anybody pass. */
  anybody: Middleware;
  /** Lets only signed-in users pass. */
  signedIn: Middleware;
  /** Lets only signed-in users pass, by whatever upload clients can send. */
  uploader: Middleware;
  /** Finds out who asks for events, by whatever clients can send, and lets anybody pass. */
  listener: Middleware;
  /** Lets pages of other origins open no connection, unless CORS allows them the API. */
  handshake: Middleware;
  /** Lets only our own pages pass: for calls that set cookies. */
  sameOrigin: Middleware;
  /** Lets only admins pass; goes after `signedIn`. */
  admin: Middleware;
  /** Reads a JSON body. */
  json: Middleware;
  /** Answers a repeated `Idempotency-Key` with the first answer. */
  idempotent: Middleware;
  /** How often one address may call, one user may write, and one may guess. Each goes first, unless it says otherwise. */
  limits: {
    signIn: Middleware;
    register: Middleware;
    refresh: Middleware;
    wechat: Middleware;
    qr: Middleware;
    /** Counts what the signed-in user writes; goes after `signedIn`. */
    writing: Middleware;
    /** Counts wrong passwords of the user that the body names as `username`; goes after `json`. */
    guesses: Middleware;
    /** Counts wrong passwords of the signed-in user; goes after `signedIn`. */
    ownGuesses: Middleware;
  };
}
