import { checkCapability, type CapabilityKeys } from '@darkroom/contracts';
import { createHealthRoutes, createHttpServer, type Logger, type ReadinessCheck, type Tracing } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { receiveDelivery, type Delivery, type ReceiveDependencies } from './receive-delivery.ts';
import { createRefusals } from './refusals.ts';

/** Path of deliveries, below the public address of the receiver. */
export const WEBHOOK_PATH = '/webhooks/runware';

/** Far above a delivery, which has a few hundred bytes: `outputType` is URL, so none carries its image. */
const MAX_BODY_BYTES = 256 * 1024;

export interface ServerOptions {
  readonly keys: CapabilityKeys;
  /** Longest time for a request to arrive, in milliseconds. */
  readonly requestLimitMs?: number | undefined;
}

export interface ServerDependencies extends ReceiveDependencies {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly ready: readonly ReadinessCheck[];
  readonly tracing?: Tracing;
}

/**
 * Builds the HTTP server. Its answers reveal nothing: a status and an empty body. It checks the capability after the head of a request
 * and before its body, so a request without one costs one HMAC.
 */
export function buildServer({ keys, requestLimitMs }: ServerOptions, dependencies: ServerDependencies): FastifyInstance {
  const { now, logger, counts } = dependencies;
  const refusals = createRefusals(dependencies);
  /** Deliveries between the check of their capability and the arrival of their body. */
  const authenticated = new WeakMap<FastifyRequest, Omit<Delivery, 'body'>>();

  const server = createHttpServer({
    requestLimitMs,
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    // For a URL that cannot be decoded, which the default answer would repeat.
    frameworkErrors: (_error, _request, reply) => void reply.raw.writeHead(404, { 'content-length': '0' }).end(),
  });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  // Here and not in a not-found handler, which runs after the body was read.
  server.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const isWebhookPath = request.url.split('?', 1)[0] === WEBHOOK_PATH;
    if (isWebhookPath) void reply.header('allow', 'POST');
    await refuse(reply, isWebhookPath ? 405 : 404);
  });

  server.setErrorHandler(async (error: { statusCode?: number; code?: string }, _request, reply) => {
    const status = error.code === 'ECONNRESET' ? 400 : (error.statusCode ?? 500); // the sender has disconnected and gets no answer
    counts.add(`failed.${status}`);
    if (status >= 500) logger.error({ err: error }, 'request failed');
    else logger.warn({ status }, 'request could not be read');
    return reply.code(status).send();
  });

  void server.register(createHealthRoutes({ ready: dependencies.ready }));

  server.post(WEBHOOK_PATH, {
    onRequest: async (request, reply) => {
      const verdict = checkCapability(keys, readCapability(request.query), now());
      if (verdict.kind === 'refused') {
        refusals.note(verdict.reason);
        return refuse(reply, 401);
      }
      authenticated.set(request, verdict);
      // The body is kept whatever its type: fastify would answer 415 to an invalid one.
      delete request.raw.headers['content-type'];
      return undefined;
    },
    handler: async (request, reply) => {
      const delivery = authenticated.get(request);
      if (delivery === undefined) throw new Error('a delivery reached its handler unauthenticated'); // a bug: the hook above runs first
      const body = typeof request.body === 'string' ? request.body : '';
      const startedAt = now();
      const acknowledgement = await receiveDelivery({ ref: delivery.ref, taskUUID: delivery.taskUUID, body }, dependencies);
      dependencies.tracing?.write({
        name: 'delivery',
        taskUUID: delivery.taskUUID,
        startedAt,
        endedAt: now(),
        attributes: { 'darkroom.generation_id': delivery.ref.generationId, 'darkroom.acknowledgement': acknowledgement },
        isError: acknowledgement === 'unavailable',
      });
      switch (acknowledgement) {
        case 'kept':
          return reply.code(200).send();
        case 'unavailable':
          return reply.code(503).header('retry-after', '1').send();
      }
    },
  });

  return server;
}

/** Answers and closes the connection: on an open one the client could keep sending until the time limit of a request. */
const refuse = (reply: FastifyReply, status: 401 | 404 | 405): FastifyReply => reply.code(status).header('connection', 'close').send();

/** Returns the capability of a query; undefined if it is missing or given twice. */
function readCapability(query: unknown): string | undefined {
  if (typeof query !== 'object' || query === null || !('capability' in query)) return undefined;
  return typeof query.capability === 'string' ? query.capability : undefined;
}
