import type { OperationsController } from '../controllers/operations';
import type { FerryRouter } from '../middleware/context';
import * as schema from '../schemas/operations';
import { route } from './route';

export function operationRoutes(router: FerryRouter, operations: OperationsController): void {
  route(router, schema.getHealth, [], operations.health);
  route(router, schema.getReadiness, [], operations.readiness);
  route(router, schema.getOpenApi, [], operations.openApi);
}
