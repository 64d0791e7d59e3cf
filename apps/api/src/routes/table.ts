import { erasureRoutes } from './erasures.ts';
import { eventRoutes } from './events.ts';
import { generationRoutes } from './generations.ts';
import { imageRoutes } from './images.ts';
import { listRoute } from './list.ts';
import { moneyRoutes } from './money.ts';
import { notificationRoutes } from './notifications.ts';
import { readTokenRoutes } from './read-tokens.ts';
import type { Route } from './route.ts';
import { webhookEndpointRoutes } from './webhook-endpoints.ts';

/** All routes of the API: the server, the OpenAPI document and the tests of all routes are made from them. */
export const routes: readonly Route[] = [
  ...generationRoutes,
  listRoute,
  ...imageRoutes,
  ...eventRoutes,
  ...readTokenRoutes,
  ...erasureRoutes,
  ...webhookEndpointRoutes,
  ...notificationRoutes,
  ...moneyRoutes,
];
