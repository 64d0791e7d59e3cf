import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDocument } from '../src/document/build-document.ts';
import { routes } from '../src/routes/table.ts';
import { bringHome } from './bring-home.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let folder: string;
beforeAll(async () => {
  world = await startWorld();
  // Below this app, where a compiler and Node find its packages.
  const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'client-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await world[Symbol.asyncDispose]();
});

/** A program as a caller writes it against the types of the document. */
const program = `
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Generation = components['schemas']['Generation'];
type Code = components['schemas']['Problem']['code'];

const must = <Value>({ data, error }: { data?: Value; error?: unknown }): Value => {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
};

export async function flow(baseUrl: string, key: string, bringHome: (generationId: string) => Promise<void>) {
  const client = createClient<paths>({
    baseUrl,
    headers: { authorization: 'Bearer ' + key },
    querySerializer: { array: { style: 'form', explode: false } },
  });
  const order = { positivePrompt: 'a lighthouse', width: 1280, height: 896 };
  const steps: unknown[] = [];
  const { atMostUsd } = must(await client.POST('/v1/quotes', { body: { ...order, numberResults: 2 } }));
  steps.push(atMostUsd);

  const header = { 'Idempotency-Key': 'typed-1' };
  const made: Generation = must(await client.POST('/v1/generations', { params: { header }, body: { ...order, tags: ['typed'] } }));
  const again = await client.POST('/v1/generations', { params: { header }, body: { ...order, tags: ['typed'] } });
  steps.push(made.generationId === again.data?.generationId, again.response.headers.get('idempotent-replayed'));
  await bringHome(made.generationId);
  const path = { id: made.generationId };
  const read = must(await client.GET('/v1/generations/{id}', { params: { path } }));
  const settledAt: string | undefined = read.images[0]?.settledAt;
  steps.push(read.status, read.costUsd, typeof settledAt);

  const { url } = must(
    await client.GET('/v1/generations/{id}/images/{index}', {
      params: { path: { ...path, index: '0' }, query: { ttlSeconds: 60 } },
      headers: { accept: 'application/json' },
    }),
  );
  steps.push(new URL(url).searchParams.get('X-Amz-Expires'));
  const events = await client.GET('/v1/generations/{id}/events', { params: { path }, parseAs: 'text' });
  steps.push(/^event: generation$/m.test(events.data ?? ''));

  const query = { tag: 'typed', status: ['succeeded' as const, 'failed' as const], limit: 10 };
  const { data, next } = must(await client.GET('/v1/generations', { params: { query } }));
  steps.push(data.map(({ generationId }) => generationId === made.generationId), next);

  const batch = must(await client.POST('/v1/generations/batch', { body: { requests: [order, order] } }));
  const [first] = batch.generations;
  const cancelled = must(await client.POST('/v1/generations/{id}/cancel', { params: { path: { id: first?.generationId ?? '' } } }));
  steps.push(batch.generations.length, cancelled.status);
  const retried = must(await client.POST('/v1/generations/{id}/retry', { params: { path: { id: cancelled.generationId } }, body: {} }));
  steps.push(retried.retryOf === cancelled.generationId);

  const spend = must(await client.GET('/v1/spend'));
  steps.push(spend.tenant, spend.periods.map(({ spentUsd }) => spentUsd));
  const erasure = must(await client.DELETE('/v1/generations/{id}', { params: { path, query: { retries: true } } }));
  const state = must(await client.GET('/v1/erasures/{id}', { params: { path: { id: erasure.generationId ?? '' } } }));
  steps.push(state.status);

  const wrong = await client.POST('/v1/generations', { body: { ...order, width: 1281 } });
  const code: Code | undefined = wrong.error?.code;
  steps.push(wrong.response.status, code, wrong.error?.problems?.map((problem) => problem.path));
  return steps;
}

// @ts-expect-error a prompt is needed
export const withoutPrompt: components['schemas']['GenerationRequest'] = { width: 1280 };
// @ts-expect-error a status is one of the known words
export const wrongStatus: Generation['status'] = 'done';
`;

test(
  'a client that openapi-typescript generates type-checks strictly, and runs the whole flow with openapi-fetch',
  { timeout: 60_000 },
  async () => {
    // our document is plain JSON of OpenAPI 3.1, which the types of the tool name otherwise
    const ast = await openapiTS(buildDocument(routes, '1.0.0') as unknown as OpenAPI3, { defaultNonNullable: false });
    await writeFile(join(folder, 'schema.d.ts'), astToString(ast));
    await writeFile(join(folder, 'flow.ts'), program);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const base = fileURLToPath(new URL('../../../', import.meta.url));
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'DOM'],
      types: [],
      module: 'nodenext',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['flow.ts'] }));
    const compiled = await promisify(execFile)(process.execPath, [join(base, 'node_modules/tsc-native/bin/tsc'), '-p', folder]).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(compiled.stdout).toBe('');
    const { flow } = (await import(pathToFileURL(join(folder, 'flow.js')).href)) as {
      flow(url: string, key: string, bring: (id: string) => Promise<void>): Promise<unknown[]>;
    };
    expect(await flow(world.url, await world.key('typed'), (id) => bringHome(world.store, id))).toEqual([
      '0.04',
      true,
      'true',
      'succeeded',
      '0.02',
      'string',
      '60',
      true,
      [true],
      null,
      2,
      'cancelled',
      true,
      'typed',
      ['0.02', '0.02'],
      'requested',
      422,
      'request.invalid',
      expect.arrayContaining(['width']),
    ]);
  },
);
