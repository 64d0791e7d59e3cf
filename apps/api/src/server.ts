import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { defined, describeGiven, errorCodes, InvalidRequestError, type Models } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import { createHealthRoutes, createHttpServer, type Logger, type ReadinessCheck } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './answers/api-error.ts';
import { problemOf } from './answers/problem.ts';
import { answerUnreadable, refuseExpectation } from './answers/unreadable.ts';
import { addReference } from './document/reference.ts';
import { createAttempts } from './keys/attempts.ts';
import { authenticate, checkScope, type Caller, type Credentials } from './keys/authenticate.ts';
import { explainHttpError } from './answers/http-error.ts';
import { limitRate, type RateParts } from './keys/limit-rate.ts';
import { createBodyRoom, ROOM_BYTES } from './requests/body-room.ts';
import { onceOver } from './requests/once-over.ts';
import { readQuery } from './requests/read-query.ts';
import { watchArrival } from './requests/watch-arrival.ts';
import { inputTypes, MAX_INPUT_BYTES } from './routes/images.ts';
import type { Route, RouteParts } from './routes/route.ts';
import type { createApiMetrics } from './metrics.ts';
import { NO_ROUTE } from './metrics.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the route in the document, in logs and in metrics. */
    operationId?: string;
  }
}

/** Largest body of JSON, in bytes. */
const MAX_JSON_BYTES = 1024 * 1024;
/** Time in which a request must have arrived, an upload of 20 MiB too. */
const REQUEST_LIMIT_MS = 60_000;
/** Streams and their neighbours. */
const MAX_CONNECTIONS = 10_000;
/** Longest part of an unknown path in the log. */
const MAX_LOGGED_PATH = 200;

export interface ServerParts extends RouteParts, Omit<RateParts, 'nameOf'> {
  store: Pick<GenerationStore, 'useApiKey' | 'readTime'>;
  ready: readonly ReadinessCheck[];
  metrics: ReturnType<typeof createApiMetrics>;
  logger: Logger;
  version: string;
  /** Models of the document; those of this version when absent. */
  models: Models | undefined;
}

/** Builds the HTTP server from the table of routes. */
export async function buildServer(routes: readonly Route[], parts: ServerParts): Promise<FastifyInstance> {
  const { logger, metrics, stopping } = parts;
  const callers = new WeakMap<FastifyRequest, Caller>();
  const attempts = createAttempts(() => performance.now());
  const rooms = { json: createBodyRoom(ROOM_BYTES.json), bytes: createBodyRoom(ROOM_BYTES.bytes) };
  const server = createHttpServer({
    requestLimitMs: REQUEST_LIMIT_MS,
    maxConnections: MAX_CONNECTIONS,
    bodyLimit: MAX_JSON_BYTES,
    // Its own has no words of ours: the hook of each route answers.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // A caller's own could hold anything, and logs repeat it.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    clientErrorHandler: answerUnreadable,
    // Node answers without a body; a hook refuses it in words.
    requireHostHeader: false,
    frameworkErrors: (error, request, reply) => fail(error, request, reply),
  });

  server.server.on('checkExpectation', (_request, response) => refuseExpectation(response));
  server.server.on('connect', (_request, socket) => answerUnreadable({ code: 'CONNECT' }, socket));

  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const explained = explainHttpError(error);
    const { problem, headers } = problemOf(explained, request.id);
    if (problem.status === 500)
      logger.error({ event: 'api.failed', requestId: request.id, code: problem.code, err: explained }, errorCodes[problem.code]);
    void reply
      .code(problem.status)
      .headers({ ...headers, 'x-request-id': request.id })
      .send(JSON.stringify(problem));
  };
  server.setErrorHandler(fail);
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): void => {
    const path = pathOf(request);
    const methods = routes
      .filter((route) => patternOf(route).test(path))
      .flatMap((route) => (takesHead(route) ? [route.method, 'HEAD'] : [route.method]));
    if (methods.length === 0)
      return fail(new ApiError('api.not-found', 'there is no such path; /v1/openapi.json lists all'), request, reply);
    const allowed = [...new Set(methods)].join(', ');
    void reply.header('allow', allowed);
    return fail(new ApiError('api.method-not-allowed', `the path takes ${allowed}`), request, reply);
  };
  server.setNotFoundHandler(refuseUnknown);

  server.removeContentTypeParser('text/plain');
  // Node would decode bytes that are not UTF-8 with replacement characters, and the prompt would be bought with them.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (isUtf8(body)) void parseJson(request, body.toString(), done);
    else done(new ApiError('api.malformed', 'the body is not in UTF-8, as JSON must be'));
  });
  server.addContentTypeParser([...inputTypes], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.addHook('onRequest', async (request, reply) => {
    void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      void reply.header('connection', 'close');
      throw new ApiError('api.malformed', 'the header Host is missing, which HTTP/1.1 requires');
    }
    if (!request.is404) return undefined;
    // Before the body is read: nothing bounds those of callers without a key.
    void reply.header('connection', 'close');
    refuseUnknown(request, reply);
    return reply;
  });
  server.addHook('onResponse', async (request, reply) => {
    const { operationId = NO_ROUTE } = request.routeOptions.config;
    const caller = callers.get(request);
    metrics.requests.add({ operation: operationId, status: String(reply.statusCode) });
    if (!isStream(reply)) metrics.seconds.observe({}, reply.elapsedTime / 1000);
    if (operationId === NO_ROUTE && reply.statusCode < 400) return;
    logger.info(
      {
        event: 'http.request',
        requestId: request.id,
        method: request.method,
        // Without the query, which may hold a caller's own words.
        path: pathOf(request).slice(0, MAX_LOGGED_PATH),
        operation: operationId,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...(caller !== undefined && { key: caller.keyId, tenant: caller.tenant }),
      },
      'request answered',
    );
  });

  const { redis, prefix, requestsPerMinute } = parts;
  await limitRate(server, { redis, prefix, requestsPerMinute, nameOf: (request) => callers.get(request)?.rateName });
  await addReference(server, routes, parts.version, parts.models);
  await server.register(createHealthRoutes({ ready: parts.ready }));
  for (const route of routes) addRoute(route);
  return server;

  function callerOf(request: FastifyRequest): Caller {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('a request was read without a key'); // a bug: the first hook runs before all
    return caller;
  }

  function addRoute(route: Route): void {
    const kind = route.body?.kind ?? 'json';
    const bodyLimit = kind === 'bytes' ? MAX_INPUT_BYTES : MAX_JSON_BYTES;
    server.route({
      method: route.method,
      exposeHeadRoute: takesHead(route),
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { operationId: route.operationId },
      bodyLimit,
      onRequest: [
        async (request: FastifyRequest, reply: FastifyReply) => {
          if (stopping.aborted) {
            void reply.header('connection', 'close');
            throw new ApiError('service.stopping', 'the API is stopping, and nothing was done; call again');
          }
          const given = { header: request.headers.authorization, token: tokenOf(route, request), address: request.ip, scope: route.scope };
          callers.set(request, await authenticate({ store: parts.store, attempts }, given));
        },
        server.rateLimit(),
        async (request: FastifyRequest, reply: FastifyReply) => {
          const caller = callerOf(request);
          checkScope(caller, route.scope);
          if (!['', 'identity'].includes(request.headers['content-encoding'] ?? ''))
            throw new ApiError('api.unsupported-media-type', 'the body must not be compressed');
          // Before the body is read, also one that the route does not take. One without a length may be as long as any.
          if (route.method === 'GET') return;
          const free = rooms[kind].take(caller.tenant, lengthOf(request, bodyLimit));
          const { raw } = request;
          const endWatch = watchArrival(raw, () => answerUnreadable({ code: 'STALLED' }, raw.socket));
          onceOver(raw.socket, reply.raw, () => {
            free();
            endWatch();
          });
        },
      ],
      handler: async (request, reply) => {
        const caller = callerOf(request);
        checkBody(route, request);
        const left = new AbortController();
        const leave = (): void => left.abort(new Error('the caller has left'));
        reply.raw.once('close', leave);
        // It may have left while its key was looked up.
        if (request.raw.socket.destroyed) leave();
        const answer = await route.run({
          ...parts,
          ...caller,
          requestId: request.id,
          producer: parts.producers.of(caller.tenant),
          endpoints: parts.producers.endpointsOf(caller.tenant),
          params: request.params as Record<string, string>,
          query: readQuery(queryOf(route, request), route.query ?? {}),
          headers: request.headers,
          body: request.body,
          signal: AbortSignal.any([left.signal, stopping]),
          reply,
        });
        if (answer.isWritten === true) return reply;
        void reply.code(answer.status).headers({ ...answer.headers, ...(stopping.aborted && { connection: 'close' }) });
        return answer.body === undefined ? reply.send() : reply.type('application/json').send(JSON.stringify(answer.body));
      },
    });
  }
}

/** Returns true if a path answers HEAD as it answers GET, without the body (RFC 9110, section 9.3.2). A stream has no length to tell. */
const takesHead = ({ method, answers }: Route): boolean =>
  method === 'GET' && Object.values(answers).every(({ isStream }) => isStream !== true);

/** Returns the read token of a request, if its route takes one. */
function tokenOf({ takesToken }: Route, { query, params }: FastifyRequest): Credentials['token'] {
  const { token } = query as { token?: unknown };
  const { id = '' } = params as { id?: string };
  return takesToken === true && typeof token === 'string' ? { text: token, generationId: id } : undefined;
}

/** Returns the query of a request without its read token, which is no parameter of the call. */
function queryOf({ takesToken }: Route, request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { token, ...query } = request.query as Record<string, unknown>;
  return takesToken === true && typeof token === 'string' ? query : { ...query, ...defined({ token }) };
}

/** Refuses a body of the other kind: fastify has parsers for both. */
function checkBody({ body }: Route, { body: given }: FastifyRequest): void {
  const isBytes = given instanceof Uint8Array;
  if (body?.kind === 'bytes' && !isBytes)
    throw new ApiError(
      given === undefined ? 'api.malformed' : 'api.unsupported-media-type',
      `the body must be the bytes of an image, with one of the types ${inputTypes.join(', ')}`,
    );
  if (body?.kind !== 'bytes' && isBytes)
    throw new ApiError('api.unsupported-media-type', 'the body must be JSON, with the type application/json');
  if (body === undefined && given !== undefined && !isEmpty(given))
    throw new InvalidRequestError([{ path: '', message: 'this call takes no body: leave it out', given: describeGiven(given) }]);
  if (body?.kind === 'json' && body.isRequired && given === undefined)
    throw new ApiError('api.malformed', 'the call needs a body of JSON, with the type application/json');
  if (body?.kind === 'json' && given !== undefined && !isObject(given))
    throw new InvalidRequestError([{ path: '', message: 'must be a JSON object', given: describeGiven(given) }]);
}

const isObject = (given: unknown): boolean => typeof given === 'object' && given !== null && !Array.isArray(given);

/** A client may send an empty object where it has nothing to say. */
const isEmpty = (body: unknown): boolean => body === null || (isObject(body) && Object.keys(body as object).length === 0);

/** Returns the size of a body before it is read. */
function lengthOf({ headers }: FastifyRequest, most: number): number {
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isSafeInteger(length)) return Math.min(length, most);
  return headers['transfer-encoding'] === undefined ? 0 : most;
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';

const patternOf = ({ path }: Route): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`);

const isStream = (reply: FastifyReply): boolean => String(reply.raw.getHeader('content-type') ?? '').startsWith('text/event-stream');
