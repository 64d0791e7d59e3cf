import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDocument, errorsOf } from '../src/document/build-document.ts';
import { findAnswerSchema } from '../src/document/schemas.ts';
import { statusOf } from '../src/answers/statuses.ts';
import { routes } from '../src/routes/table.ts';
import type { Route } from '../src/routes/route.ts';
import { order, startWorld, type World } from './world.ts';

/** Calls that a document allows, and calls that are nearly so. */
let world: World;
let key: string;
let generationId = '';
let endpointId = '';
beforeAll(async () => {
  world = await startWorld({ env: { API_REQUESTS_PER_MINUTE: '1000000', NOTIFIER_ALLOW_LOOPBACK: 'true' } });
  key = await world.key();
  const created = await world.call(key, 'POST', '/v1/generations', order);
  ({ generationId } = (await created.json()) as { generationId: string });
  const endpoint = await world.call(key, 'POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/' });
  ({ endpointId } = (await endpoint.json()) as { endpointId: string });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  $ref?: string;
  format?: string;
}
const document = buildDocument(routes, '1.0.0') as { components: { schemas: Record<string, Schema> } };
const schemaAt = (reference: string): Schema => document.components.schemas[reference.replace('#/components/schemas/', '')] ?? {};

/** Values of a schema, and now and then one of another kind. */
function valueOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valueOf(schemaAt(schema.$ref), depth);
  const right: fc.Arbitrary<unknown> =
    schema.const !== undefined
      ? fc.constant(schema.const)
      : schema.enum !== undefined
        ? fc.constantFrom(...schema.enum)
        : schema.type === 'object'
          ? fc.record(Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, valueOf(each, depth + 1)])), {
              requiredKeys: [],
            })
          : schema.type === 'array'
            ? fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 3 })
            : schema.type === 'integer'
              ? fc.oneof(fc.integer(), fc.constantFrom(1280, 896, 1, 95))
              : schema.type === 'boolean'
                ? fc.boolean()
                : fc.oneof(fc.string(), fc.constantFrom(generationId, '2030-01-01T00:00:00Z', 'a lighthouse', 'http://127.0.0.1:9/'));
  return fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: fc.anything({ maxDepth: 2, maxKeys: 3 }) });
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('1', '0', 'true', 'queued', '2026-01-01T00:00:00Z'),
  // The generation is made after this line.
  fc.constant(undefined).map(() => generationId),
);
const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });

function callOf(route: Route) {
  const names = Object.keys(route.query ?? {});
  return fc.record({
    id: fc.oneof({ weight: 3, arbitrary: fc.constant('the made one') }, { weight: 1, arbitrary: text }),
    index: fc.oneof(fc.constantFrom('0', '1', '-1', '1e3'), text),
    query: fc.dictionary(names.length === 0 ? text : fc.oneof(fc.constantFrom(...names, 'metadata[a]'), text), text, { maxKeys: 3 }),
    headers: fc.dictionary(fc.constantFrom('Idempotency-Key', 'If-None-Match', 'Accept', 'Last-Event-ID'), headerText, { maxKeys: 2 }),
    body: route.body?.kind === 'json' ? valueOf(schemaAt(`#/components/schemas/${route.body.schema}`)) : fc.uint8Array({ maxLength: 50 }),
  });
}

const streams = new Set(['watchGeneration', 'watchEvents']);

test.for(routes.filter(({ operationId }) => !streams.has(operationId)).map((route) => [route.operationId, route] as const))(
  'no call of %s gets a 500, or an answer outside of the document',
  async ([, route]) => {
    const statuses = new Set([...Object.keys(route.answers).map(Number), ...errorsOf(route).map(statusOf)]);
    statuses.delete(500);
    await fc.assert(
      fc.asyncProperty(callOf(route), async ({ id, index, query, headers, body }) => {
        const made = route.path.includes('{endpointId}')
          ? endpointId
          : route.path.includes('{notificationId}')
            ? `${generationId}-cancelled_${endpointId}`
            : generationId;
        const named = id === 'the made one' ? made : id;
        const path = route.path
          .replace(/\{\w*[iI]d\}/, () => encodeURIComponent(named))
          .replace('{index}', () => encodeURIComponent(index));
        // An empty part, "." or ".." is another path.
        fc.pre(![named, index].some((part) => /^\.{0,2}$/.test(part)));
        const search = new URLSearchParams(query).toString();
        const json = route.body?.kind === 'json' ? (JSON.stringify(body) ?? 'null') : route.body && body;
        const answer = await world.call(key, route.method, `${path}${search === '' ? '' : `?${search}`}`, json, headers);
        const got = await answer.text();
        expect(statuses, `${answer.status} ${got}`).toContain(answer.status);
        const name = answer.status >= 400 ? 'Problem' : route.answers[answer.status]?.schema;
        if (name === undefined) {
          expect(got).toBe('');
          return;
        }
        return void findAnswerSchema(name)?.parse(JSON.parse(got));
      }),
      { numRuns: 40, seed: 7 },
    );
  },
);
