import {
  createHealthRoutes,
  createHttpServer,
  createMetricsRoutes,
  type Logger,
  type Metrics,
  type ReadinessCheck,
} from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { refuseOtherSites } from './access/refuse-other-sites.ts';
import { requireLogin } from './access/require-login.ts';
import { addSecurityHeaders } from './access/security-headers.ts';
import type { AccessSettings } from './access/settings.ts';
import { withoutBasePath } from './base-path.ts';
import { refusalOf } from './board/allowed-routes.ts';
import { boundPages } from './board/bound-pages.ts';
import { addBoardStyle, BOARD_STYLE, BOARD_STYLE_PATH } from './board/board-style.ts';

/** Routes of Darkroom, beside those of the board. */
const ownRoutes: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics', BOARD_STYLE_PATH]);

export interface ServerDependencies {
  readonly access: AccessSettings;
  /** Path under which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly board: FastifyPluginCallback;
  readonly metrics: Metrics;
  readonly ready: readonly ReadinessCheck[];
  /** Returns true if the store has a format of a later version, whose jobs this board must not move. */
  readonly isOutdated: () => boolean;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Called for each registered route, also those of Bull Board. */
  readonly onRoute?: (method: string, route: string) => void;
  /** Longest time for a request to arrive, in milliseconds. */
  readonly requestLimitMs: number | undefined;
}

const OUTDATED = 'a later version of Darkroom uses this store: upgrade the dashboard first';

/** Builds the HTTP server: it checks the login first, then the site and the route, and only then asks Bull Board. */
export function buildServer({
  access,
  path,
  board,
  metrics,
  ready,
  isOutdated,
  logger,
  now,
  onRoute,
  requestLimitMs,
}: ServerDependencies): FastifyInstance {
  const server = createHttpServer({
    exposeHeadRoutes: false,
    rewriteUrl: ({ url = '/' }) => withoutBasePath(path, url),
    requestLimitMs,
    // No allowed request has a large body.
    bodyLimit: 16 * 1024,
    frameworkErrors: (_error, _request, reply) => void reply.raw.writeHead(404, { 'content-length': '0' }).end(),
  });
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) onRoute?.(each, url);
  });
  server.addHook('onRequest', requireLogin(access, { logger, now }));
  server.addHook('onRequest', refuseOtherSites(logger));
  server.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url;
    if (request.is404 || route === undefined) return reply.code(404).send();
    if (ownRoutes.has(route)) return undefined;
    // Fastify types params as unknown; for a pattern they are strings by name.
    const refusal =
      refusalOf(request.method, route, request.params as Readonly<Record<string, string>>) ??
      (request.method !== 'GET' && isOutdated() ? OUTDATED : undefined);
    if (refusal === undefined) return undefined;
    logger.warn({ method: request.method, route, reason: refusal }, 'action refused');
    // The form of errors that the board shows.
    return reply.code(403).send({ error: { key: 'ERRORS.FORBIDDEN' }, message: refusal });
  });
  server.addHook('preValidation', boundPages);
  server.addHook('onSend', addSecurityHeaders);
  server.addHook('onSend', async (_request, reply, payload) => {
    const isPage = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html');
    if (isPage) void reply.removeHeader('content-length'); // the length before the change
    return isPage ? addBoardStyle(payload) : payload;
  });
  server.get(BOARD_STYLE_PATH, async (_request, reply) => reply.type('text/css').send(BOARD_STYLE));
  void server.register(createHealthRoutes({ ready }));
  void server.register(createMetricsRoutes(metrics));
  void server.register(board);
  return server;
}
