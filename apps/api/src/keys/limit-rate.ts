import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';

export interface RateParts {
  /** A connection that fails fast, for the counters. */
  readonly redis: object;
  readonly prefix: string;
  readonly requestsPerMinute: number;
  /** Returns the name under which a request is counted; undefined before its key is known. */
  readonly nameOf: (request: FastifyRequest) => string | undefined;
}

const MINUTE_SECONDS = 60;

/** Bounds the requests of a key in a minute, in Redis for all processes. Each route asks for its turn after the key is known. */
export async function limitRate(server: FastifyInstance, { redis, prefix, requestsPerMinute, nameOf }: RateParts): Promise<void> {
  await server.register(rateLimit, {
    global: false,
    max: requestsPerMinute,
    timeWindow: MINUTE_SECONDS * 1000,
    redis,
    nameSpace: `${prefix}:api-rate:`,
    enableDraftSpec: true,
    // While Redis is away the limit is not counted, and the call itself fails with that reason.
    skipOnError: true,
    keyGenerator: (request) => nameOf(request) ?? 'none',
    errorResponseBuilder: (_request, { max, ttl }) =>
      new ApiError('api.too-many-requests', `the API key has made more than ${max} requests in a minute`, {
        retryAfterSeconds: Math.max(1, Math.ceil(ttl / 1000)),
      }),
  });
  // The plugin sends the three headers of an early draft; these are the two of draft-ietf-httpapi-ratelimit-headers-11.
  server.addHook('onSend', async (_request, reply) => {
    const [remaining, reset] = [reply.getHeader('ratelimit-remaining'), reply.getHeader('ratelimit-reset')];
    if (remaining === undefined) return;
    void reply.headers({
      'ratelimit-policy': `"key";q=${requestsPerMinute};w=${MINUTE_SECONDS}`,
      ratelimit: `"key";r=${String(remaining)};t=${String(reset)}`,
    });
  });
}
