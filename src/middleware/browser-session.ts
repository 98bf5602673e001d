import createSession from 'koa-session';
import { z } from 'zod';
import type { AliveSignIn, BrowserSignIns, HeldSignIn } from '../services/browser-sign-ins';
import type { SessionStore } from '../services/session-store';
import type { Principal } from '../services/tokens';
import type { App, Context, Middleware } from './context';

/** What of koa-session's `ctx.session` is used here. */
interface KoaSession extends Partial<HeldSignIn> {
  maxAge: number;
  save(): Promise<void>;
  regenerate(): Promise<void>;
  manuallyCommit(): Promise<void>;
}

type SessionContext = Context & { session: KoaSession | null };

/** The session of the browser that asks. Nothing is read before it is needed. */
export interface BrowserSession {
  /** Whether a session cookie came with the request. */
  readonly carried: boolean;
  /** @param renew whether the session may be prolonged: not where the answer, and its cookie, could be cached */
  authenticate(options: { renew: boolean }): Promise<Principal | null>;
  start(userId: string): Promise<void>;
  end(): Promise<void>;
}

interface BrowserSessionOptions {
  app: App;
  signIns: BrowserSignIns;
  store: SessionStore;
  /** Over https the cookie can be tied to this host and to https. */
  publicUrl: string | null;
}

const heldShape = z.object({ signInId: z.string(), epoch: z.number() });

/** Gives each request its `state.browser`; to be used once per app, and before any route. */
export function browserSession({ app, signIns, store, publicUrl }: BrowserSessionOptions): Middleware {
  const https = publicUrl?.startsWith('https:') ?? false;
  const name = https ? '__Host-ferry.sid' : 'ferry.sid';
  const load = createSession(
    {
      key: name,
      ContextStore: contextStore(store),
      genid: () => store.newId(),
      httpOnly: true,
      sameSite: 'lax',
      signed: true,
      // Written where it changes, and only there: a request that read it has nothing to write back at its end.
      autoCommit: false,
      ...(https && { secure: true }),
    },
    app,
  ) as Middleware;
  return function browserSession(ctx, next) {
    // Where TLS ends at a proxy, the connection does not tell.
    if (https) ctx.cookies.secure = true;
    ctx.state.browser = new LazySession(ctx as SessionContext, name, load, signIns);
    return next();
  };
}

/**
 * Signs a user in, in the browser that asks. The session gets a new id, so that an id that somebody planted before is
 * worth nothing, and what was signed in here before is signed out.
 */
export function startBrowserSession(ctx: Context, userId: string): Promise<void> {
  return ctx.state.browser.start(userId);
}

/** Signs the browser that asks out, and takes its cookie back. */
export function endBrowserSession(ctx: Context): Promise<void> {
  return ctx.state.browser.end();
}

class LazySession implements BrowserSession {
  private loading: Promise<unknown> | undefined;

  constructor(
    private readonly ctx: SessionContext,
    private readonly cookie: string,
    private readonly load: Middleware,
    private readonly signIns: BrowserSignIns,
  ) {}

  get carried(): boolean {
    return this.ctx.cookies.get(this.cookie, { signed: false }) !== undefined;
  }

  async authenticate({ renew }: { renew: boolean }): Promise<Principal | null> {
    const held = await this.held();
    const alive = held && (await this.signIns.authenticate(held));
    if (!alive) return null;
    if (renew) await this.renew(alive);
    return alive.principal;
  }

  async start(userId: string): Promise<void> {
    const before = await this.held();
    const { held, lifetimeMs } = await this.signIns.begin(userId, this.ctx.get('User-Agent') || null);
    try {
      const session = this.session();
      Object.assign(session, held);
      session.maxAge = lifetimeMs;
      await session.regenerate();
    } catch (error) {
      await this.signIns.end(held);
      throw error;
    }
    this.ctx.set('Cache-Control', 'no-store');
    if (before) await this.signIns.end(before);
  }

  async end(): Promise<void> {
    if (!this.carried) return;
    const held = await this.held();
    if (held) await this.signIns.end(held);
    const session = this.session();
    this.ctx.session = null;
    await session.manuallyCommit();
  }

  private async renew(alive: AliveSignIn): Promise<void> {
    const lifetimeMs = await this.signIns.prolong(alive);
    if (lifetimeMs === null) return;
    const session = this.session();
    session.maxAge = lifetimeMs;
    await session.save();
    this.ctx.set('Cache-Control', 'no-store');
  }

  /** What the session holds; null for one that is not there, or that is nobody's. */
  private async held(): Promise<HeldSignIn | null> {
    if (!this.carried) return null;
    this.loading ??= Promise.resolve(this.load(this.ctx, () => Promise.resolve()));
    await this.loading;
    return heldShape.safeParse(this.ctx.session).data ?? null;
  }

  /** koa-session's, which makes an empty one where there is none. */
  private session(): KoaSession {
    const { session } = this.ctx;
    if (!session) throw new Error('the session of this request has ended already');
    return session;
  }
}

/** koa-session asks for a class, of which it makes an object per request: that is what can tell new ids from old. */
function contextStore(store: SessionStore) {
  return class ContextStore {
    private readonly known = new Set<string>();

    async get(id: string): Promise<object | null> {
      const session = await store.read(id);
      if (session) this.known.add(id);
      return session;
    }

    async set(id: string, session: object, ttlMs: number): Promise<void> {
      await store.write(id, session, { ttlMs, isNew: !this.known.has(id) });
      this.known.add(id);
    }

    destroy(id: string): Promise<void> {
      return store.remove(id);
    }
  };
}
