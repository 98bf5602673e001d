import { describeApi } from '../schemas/openapi';
import type * as schema from '../schemas/operations';
import type { Health } from '../services/health';
import type { Handler } from './controller';

export interface OperationsController {
  health: Handler<typeof schema.getHealth>;
  readiness: Handler<typeof schema.getReadiness>;
  openApi: Handler<typeof schema.getOpenApi>;
}

interface OperationsOptions {
  health: Health;
  version: string;
  linkBase: string;
}

export function operationsController({ health, version, linkBase }: OperationsOptions): OperationsController {
  let description: object | undefined;
  return {
    health(ctx) {
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { status: 'ok' };
    },

    async readiness(ctx) {
      const { ready, draining, stores } = await health.report();
      ctx.status = ready ? 200 : 503;
      if (!ready) ctx.set('Retry-After', '5');
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { ready, draining, stores: stores.map(({ name, form, up }) => ({ name, form, up })) };
    },

    openApi(ctx) {
      description ??= describeApi({ version, serverUrl: linkBase || '/' });
      ctx.set('Cache-Control', 'no-cache');
      ctx.body = description;
    },
  };
}
