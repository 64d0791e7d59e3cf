import { checkCapability, type CapabilityKeys } from '@darkroom/contracts';
import { createHealthRoutes, createHttpServer, type Clock, type Logger, type ReadinessCheck } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { receiveDelivery, type Delivery, type ReceiveDependencies } from './receive-delivery.ts';
import { createRefusals } from './refusals.ts';

/** Where deliveries go, below the public address of the receiver. */
export const WEBHOOK_PATH = '/webhooks/runware';

/** A delivery is a few hundred bytes; one that carries its image inline is not asked for (`outputType` is URL). */
const MAX_BODY_BYTES = 256 * 1024;

export interface ServerOptions {
  readonly keys: CapabilityKeys;
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestLimitMs?: number | undefined;
}

export interface ServerDependencies extends ReceiveDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ready: readonly ReadinessCheck[];
}

/**
 * Builds the HTTP server. What it answers tells nothing: a status and an empty body. The capability is checked when the head
 * of a request has come, before its body is read, so a stranger costs one HMAC.
 */
export function buildServer({ keys, requestLimitMs }: ServerOptions, dependencies: ServerDependencies): FastifyInstance {
  const { clock, logger, counts } = dependencies;
  const refusals = createRefusals(dependencies);
  /** Deliveries between the check of their capability and the arrival of their body. */
  const authenticated = new WeakMap<FastifyRequest, Omit<Delivery, 'body'>>();

  const server = createHttpServer({
    requestLimitMs,
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    // A URL that cannot be decoded; the default answer repeats it.
    frameworkErrors: (_error, _request, reply) => void reply.raw.writeHead(404, { 'content-length': '0' }).end(),
  });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  // Here and not in a not-found handler, which comes after the body was read.
  server.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const isWebhookPath = request.url.split('?', 1)[0] === WEBHOOK_PATH;
    if (isWebhookPath) void reply.header('allow', 'POST');
    await refuse(reply, isWebhookPath ? 405 : 404);
  });

  server.setErrorHandler(async (error: { statusCode?: number; code?: string }, _request, reply) => {
    const status = error.code === 'ECONNRESET' ? 400 : (error.statusCode ?? 500); // the sender broke off: nobody hears the answer
    counts.add(`failed.${status}`);
    if (status >= 500) logger.error({ err: error }, 'request failed');
    else logger.warn({ status }, 'request could not be read');
    return reply.code(status).send();
  });

  void server.register(createHealthRoutes({ ready: dependencies.ready }));

  server.post(WEBHOOK_PATH, {
    onRequest: async (request, reply) => {
      const verdict = checkCapability(keys, readCapability(request.query), clock.now());
      if (verdict.kind === 'refused') {
        refusals.note(verdict.reason);
        return refuse(reply, 401);
      }
      authenticated.set(request, verdict);
      // Whatever the body calls itself it is kept: fastify would answer 415 to a type that it cannot read.
      delete request.raw.headers['content-type'];
      return undefined;
    },
    handler: async (request, reply) => {
      const delivery = authenticated.get(request);
      if (delivery === undefined) throw new Error('a delivery reached its handler unauthenticated'); // a bug: the hook above runs first
      const body = typeof request.body === 'string' ? request.body : '';
      const acknowledgement = await receiveDelivery({ ref: delivery.ref, taskUUID: delivery.taskUUID, body }, dependencies);
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

/** Hangs up with the answer: on an open line a stranger could go on talking for as long as a request may take. */
const refuse = (reply: FastifyReply, status: 401 | 404 | 405): FastifyReply => reply.code(status).header('connection', 'close').send();

/** A capability that is given twice is as good as none. */
function readCapability(query: unknown): string | undefined {
  if (typeof query !== 'object' || query === null || !('capability' in query)) return undefined;
  return typeof query.capability === 'string' ? query.capability : undefined;
}
