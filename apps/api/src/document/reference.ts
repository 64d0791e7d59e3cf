import { createHash } from 'node:crypto';
import type { Models } from '@darkroom/contracts';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { isNoneMatched } from '../answers/answer.ts';
import type { Route } from '../routes/route.ts';
import { buildDocument } from './build-document.ts';

/** The page loads nothing from another host. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Adds `/v1/openapi.json` and the page `/reference`, both without a key: they hold nothing of a tenant. */
export async function addReference(server: FastifyInstance, routes: readonly Route[], version: string, models?: Models): Promise<void> {
  const document = buildDocument(routes, version, models);
  const text = JSON.stringify(document);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  server.get('/v1/openapi.json', { exposeHeadRoute: true }, async (request, reply) => {
    void reply.headers({ etag, 'cache-control': 'public, max-age=300' });
    if (isNoneMatched(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('application/json').send(text);
  });
  // the types of a document are in a package of their own, and its builder is tested against the specification itself
  await server.register(swagger, { mode: 'static', specification: { document: document as never } });
  await server.register(swaggerUi, {
    routePrefix: '/reference',
    staticCSP: POLICY,
    theme: { title: 'Darkroom' },
    uiConfig: { validatorUrl: null, deepLinking: true, displayRequestDuration: true, persistAuthorization: false },
  });
}
