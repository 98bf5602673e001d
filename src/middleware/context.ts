import type Router from '@koa/router';
import type Koa from 'koa';
import type { Principal } from '../services/tokens';
import type { Admission } from '../services/hub/credentials';
import type { BrowserSession } from './browser-session';

/** What the middleware puts on a request for those further in. */
export interface FerryState {
  requestId: string;
  /** Who is asking; null for anybody. Set by `authenticate`. */
  principal: Principal | null;
  /** Who asks for events, and until when that holds. Set by `authenticate`. */
  admission?: Admission;
  /** The session of the browser that asks. Set by `browserSession`. */
  browser: BrowserSession;
  /** Whether a GET changes something. Set by `changingGet`. */
  changes?: boolean;
  /** The id that the resource to be made shall have. Set by `idempotent`. */
  resourceId?: string;
}

export type App = Koa<FerryState>;
export type Context = Koa.ParameterizedContext<
  FerryState,
  Koa.DefaultContext & { params: Record<string, string> }
>;
export type Middleware = (context: Context, next: () => Promise<unknown>) => unknown;
export type FerryRouter = Router<FerryState>;
