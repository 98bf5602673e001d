import type { Handler } from '../controllers/controller';
import type { FerryRouter, Middleware } from '../middleware/context';
import { validate } from '../middleware/validate';
import type { Endpoint } from '../schemas/endpoint';

/**
 * Puts an endpoint on the router: first the stack, in its order, then the check of the input, then the controller.
 */
export function route<P, Q, B>(
  router: FerryRouter,
  endpoint: Endpoint<P, Q, B>,
  stack: Middleware[],
  controller: Handler<Endpoint<P, Q, B>>,
): void {
  const control: Middleware = (ctx) => controller(ctx, validate<P, Q, B>(endpoint, ctx));
  router[endpoint.method](endpoint.path, ...([...stack, control] as never[]));
}
