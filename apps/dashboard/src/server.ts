import {
  createHealthRoutes,
  createHttpServer,
  createMetricsRoutes,
  type Logger,
  type Metrics,
  type ReadinessCheck,
} from '@darkroom/service-runtime';
import type { GenerationStore } from '@darkroom/generation-store';
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify';
import { refuseOtherSites } from './access/refuse-other-sites.ts';
import { requireLogin } from './access/require-login.ts';
import { addSecurityHeaders } from './access/security-headers.ts';
import type { AccessSettings } from './access/settings.ts';
import { mayAct } from './access/visitor.ts';
import { withoutBasePath } from './base-path.ts';
import { refusalOf } from './board/allowed-routes.ts';
import { noteBoardActs } from './board/board-acts.ts';
import { boundPages } from './board/bound-pages.ts';
import { addBoardStyle, BOARD_STYLE, BOARD_STYLE_PATH } from './board/board-style.ts';
import { signatureOf } from './pages/acts/add-act.ts';
import { BOARD_PATH } from './board/board-path.ts';

const STYLE_PATH = `${BOARD_PATH}${BOARD_STYLE_PATH}`;

/** Returns the route as the board knows it; undefined for one of our own. */
const boardRouteOf = ({ routeOptions: { url = '' } }: FastifyRequest): string | undefined =>
  url.startsWith(BOARD_PATH) && url !== STYLE_PATH ? url.slice(BOARD_PATH.length) || '/' : undefined;

export interface ServerDependencies {
  readonly access: AccessSettings;
  /** Path under which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly board: FastifyPluginCallback;
  readonly store: Pick<GenerationStore, 'noteAct'>;
  /** Adds our own pages. */
  readonly addPages: (server: FastifyInstance) => void;
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

const LOOK_ONLY = 'this user may look, and change nothing';
const OUTDATED = 'a later version of Darkroom uses this store: upgrade the dashboard first';

/** Builds the HTTP server: it checks the login first, then the site and the route, and only then asks Bull Board. */
export function buildServer({
  access,
  path,
  board,
  store,
  addPages,
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
  server.decorateRequest('visitor', null);
  const findRefusal = (request: FastifyRequest): string | undefined => {
    const route = boardRouteOf(request);
    // Fastify types params as unknown; for a pattern they are strings by name.
    const refusal = route && refusalOf(request.method, route, request.params as Readonly<Record<string, string>>);
    if (refusal !== undefined || request.method === 'GET' || request.method === 'HEAD') return refusal;
    if (!mayAct(request)) return LOOK_ONLY;
    return isOutdated() ? OUTDATED : undefined;
  };
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) onRoute?.(each, url);
  });
  server.addHook('onRequest', requireLogin(access, { logger, now }));
  server.addHook('onRequest', refuseOtherSites(logger));
  server.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url;
    if (request.is404 || route === undefined) return reply.code(404).send();
    const refusal = findRefusal(request);
    if (refusal === undefined) return undefined;
    logger.warn({ method: request.method, route, reason: refusal }, 'action refused');
    // The form of errors that the board shows.
    return reply.code(403).send({ error: { key: 'ERRORS.FORBIDDEN' }, message: refusal });
  });
  server.addHook('onResponse', async (request, reply) => {
    if (request.method === 'GET' || request.routeOptions.url?.startsWith(BOARD_PATH) !== true) return;
    const { method, params } = request;
    logger.info(
      { event: 'act', method, route: request.routeOptions.url, params, status: reply.statusCode, ...signatureOf(request) },
      'an act on the board',
    );
  });
  server.addHook('preHandler', noteBoardActs(store, boardRouteOf));
  server.addHook('preValidation', boundPages);
  server.addHook('onSend', addSecurityHeaders);
  server.addHook('onSend', async (request, reply, payload) => {
    if (request.routeOptions.url?.startsWith(BOARD_PATH) !== true) return payload;
    const isPage = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html');
    if (isPage) void reply.removeHeader('content-length'); // the length before the change
    return isPage ? addBoardStyle(payload) : payload;
  });
  server.get(STYLE_PATH, async (_request, reply) => reply.type('text/css').send(BOARD_STYLE));
  addPages(server);
  void server.register(createHealthRoutes({ ready }));
  void server.register(createMetricsRoutes(metrics));
  void server.register(board, { prefix: BOARD_PATH });
  return server;
}
