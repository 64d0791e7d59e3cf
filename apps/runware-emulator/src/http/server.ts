import { createHttpServer } from '@darkroom/service-runtime';
import type { FastifyError, FastifyInstance } from 'fastify';
import type { RequestDependencies } from '../tasks/answer-request.ts';
import { addControlRoutes, type ControlDependencies } from './control-routes.ts';
import { buildHelpPage } from './help-page.ts';
import { addRunwareRoutes } from './runware-routes.ts';

// Room for a few inline reference images; Runware's own limit is not documented.
const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

export interface ServerOptions {
  readonly billFile: string;
  readonly requestLimitMs: number;
}

/** Creates the HTTP server with all routes, not listening yet. Closing it aborts the requests under way. */
export function createServer(
  dependencies: RequestDependencies & ControlDependencies,
  { billFile, requestLimitMs }: ServerOptions,
): FastifyInstance {
  const server = createHttpServer({ requestLimitMs, bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
  addRunwareRoutes(server, dependencies);
  addControlRoutes(server, dependencies);
  server.get('/', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(buildHelpPage({ url: dependencies.baseUrl(), apiKey: dependencies.apiKey, billFile })),
  );
  server.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ errors: [{ code: 'notFound', message: 'No such address. See GET /.' }] }),
  );
  server.setErrorHandler(async (error: FastifyError, _request, reply) => {
    const httpStatus = error.statusCode ?? 500;
    const code = httpStatus < 500 ? 'invalidRequest' : 'internalServerError';
    // The message of an unexpected error is sent, because tests print it.
    return reply.code(httpStatus).send({ data: [], errors: [{ code, message: error.message }] });
  });
  return server;
}
