import { createHash, randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import {
  createGenerationId,
  defined,
  describeGiven,
  durableEvents,
  GenerationError,
  InvalidRequestError,
  isFinalGeneration,
  knownModels,
  buildQuote,
  parseUsd,
  type Problem,
  type GenerationView,
  type Quote,
  StorageError,
  verifiedImageSchema,
} from '@darkroom/contracts';
import type { DarkroomEvent, EnqueueOptions, ListOptions } from '@darkroom/producer';
import { quoteOfKnown, requestProblems } from '@darkroom/producer/shared';
import type { Environment } from '@darkroom/service-runtime';
import { z } from 'zod';
import type { Client, ClientProducer, ReadSpend } from '../images/client.ts';
import { createDoorCalls, parsed, strange, type DoorAnswer, type DoorCall } from './door-calls.ts';
import { DoorError } from './door-error.ts';
import type { DoorSettings } from './door-settings.ts';
import { follow } from './follow.ts';
import { openPlace } from './places.ts';
import { queryOf } from './list-query.ts';
import { periodsOf, tenantOf } from './spend-of.ts';
import { summaryOf, viewOf, withoutIsoTimes } from './views.ts';
import { createEndpointCalls } from './webhook-calls.ts';

const pageSchema = z.object({ data: z.array(z.unknown()), next: z.string().nullable() });
const inputSchema = z.object({ reference: z.string() });
const quoteSchema = z.looseObject({ images: z.int(), imageUsd: z.string() });
const erasureSchema = z.looseObject({ status: z.enum(['requested', 'erased']) });
const addressSchema = z.looseObject({ url: z.string(), image: verifiedImageSchema });
const eventSchema = z.looseObject({
  event: z.enum(durableEvents),
  eventId: z.string(),
  generationId: z.string(),
  tenant: z.string(),
  at: z.number(),
});
const gapSchema = z.looseObject({ until: z.number() });

/** Most generations of a page of the API. */
const PAGE = 100;
const IMAGE_LIMIT_MS = 60_000;
const pathOf = (generationId: string): string => `/v1/generations/${encodeURIComponent(generationId)}`;

/**
 * Makes a client of the HTTP API that does what the library does.
 * @param tenant Of the command, for the calls that take none.
 * @param signal Ends its waits with its reason.
 */
export function createHttpClient(
  door: DoorSettings,
  { environment, tenant: ofCommand, signal }: { environment: Environment; tenant?: string | undefined; signal: AbortSignal },
): Client & { readSpend: ReadSpend } {
  const calls = createDoorCalls(door, signal);
  let ownTenant: Promise<string> | undefined;
  /** Models that the API does not know: a file of requests may name one in each line. */
  const refusedModels = new Map<unknown, Problem[]>();

  /** Asks, and reads the answer. @throws DoorError for one of another form. */
  async function ask<Value>(call: DoorCall, read: (body: unknown, answer: DoorAnswer) => Value): Promise<Value> {
    const answer = await calls.ask(call);
    return inForm(answer.status, () => read(answer.body, answer));
  }

  function inForm<Value>(status: number, read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      if (error instanceof z.ZodError) throw strange(door.url, status);
      throw error;
    }
  }

  /** A key belongs to one tenant. @throws InvalidRequestError for the name of another one. */
  async function checkTenant(tenant: string | undefined): Promise<void> {
    if (tenant === undefined) return;
    ownTenant ??= ask({ method: 'GET', path: '/v1/spend' }, tenantOf);
    const own = await ownTenant;
    if (tenant !== own)
      throw new InvalidRequestError([
        { path: '--tenant', message: `must be "${own}", the tenant of the API key, or be left out`, given: describeGiven(tenant) },
      ]);
  }

  /** Asks the API, which knows the models of later versions. @throws InvalidRequestError with the problems of the request. */
  const askQuote = (request: unknown): Promise<Quote> =>
    ask({ method: 'POST', path: '/v1/quotes', body: request }, (body) => {
      const { images, imageUsd } = quoteSchema.parse(body);
      return buildQuote(parseUsd(imageUsd), images);
    });

  const quoteOf = async (view: Pick<GenerationView, 'request' | 'generationId'>): Promise<Quote> =>
    isKnown(view.request) ? quoteOfKnown(view) : askQuote(view.request);

  const producer: ClientProducer = {
    async enqueue(request, { tenant, idempotencyKey, deadlineAt, runAt, ...options }: EnqueueOptions = {}) {
      await checkTenant(tenant);
      const moments = { deadlineAt: isoOf(deadlineAt), runAt: isoOf(runAt) };
      const send = (id: string | undefined) =>
        ask(
          {
            method: 'POST',
            path: '/v1/generations',
            ...(idempotencyKey !== undefined && { headers: { 'idempotency-key': quoted(idempotencyKey) } }),
            body: { ...(request as object), ...defined({ ...options, ...moments, generationId: id }) },
            ...(id !== undefined && { generationId: id }),
            ...(idempotencyKey === undefined && { ifLost: `darkroom show ${id} tells; the same command is another order` }),
          },
          (body, { headers }) => ({ view: viewOf(body), created: headers.get('idempotent-replayed') === null }),
        ).then(async ({ view, created }) => ({ generationId: view.generationId, created, quote: await quoteOf(view) }));
      if (idempotencyKey !== undefined || options.generationId !== undefined) return send(options.generationId);
      // With an id of its own the call may be repeated when its answer is lost.
      return send(createGenerationId(Date.now())).catch((error: unknown) => {
        if (!(error instanceof DoorError) || error.redisTime === undefined) throw error;
        return send(createGenerationId(error.redisTime));
      });
    },
    async requestProblems(request) {
      if (isKnown(request)) return requestProblems(request);
      const { model } = Object(request) as { model?: unknown };
      const refused = refusedModels.get(model);
      if (refused !== undefined) return refused;
      try {
        await askQuote(request);
        return [];
      } catch (error) {
        if (!(error instanceof InvalidRequestError)) throw error;
        const ofModel = error.problems.filter(({ path }) => path === 'model');
        if (ofModel.length > 0) refusedModels.set(model, ofModel);
        return [...error.problems];
      }
    },
    quoteOf,
    get: (generationId) => ask({ method: 'GET', path: pathOf(generationId), generationId }, viewOf),
    async findByIdempotencyKey(idempotencyKey, { tenant } = {}) {
      await checkTenant(tenant);
      const query = new URLSearchParams({ idempotencyKey });
      const [found] = await ask({ method: 'GET', path: '/v1/generations', query }, (body) => pageSchema.parse(body).data.map(summaryOf));
      return found && producer.get(found.generationId);
    },
    async list({ tenant, limit = PAGE, cursor, ...filters }: ListOptions = {}) {
      await checkTenant(tenant);
      const generations = [];
      let next = cursor;
      // Filters may leave a page short: no more calls than full pages would take.
      for (let calls = Math.ceil(limit / PAGE); calls > 0 && generations.length < limit; calls -= 1) {
        const query = queryOf(filters, Math.min(PAGE, limit - generations.length), next);
        const page = await ask({ method: 'GET', path: '/v1/generations', query }, (body) => {
          const { data, next: following } = pageSchema.parse(body);
          return { data: data.map(summaryOf), following };
        });
        generations.push(...page.data);
        next = page.following ?? undefined;
        if (next === undefined) break;
      }
      return { generations, ...defined({ nextCursor: next }) };
    },
    async *watch(generationId, { signal: leaving } = {}) {
      const ending = leaving === undefined ? signal : AbortSignal.any([signal, leaving]);
      for await (const { event, data } of follow(calls, { url: door.url, path: `${pathOf(generationId)}/events`, signal: ending })) {
        if (event !== 'generation' || data === undefined) continue;
        const view = inForm(200, () => viewOf(parsed(data)));
        yield view;
        if (isFinalGeneration(view.status)) return;
      }
    },
    cancel: (generationId) => ask({ method: 'POST', path: `${pathOf(generationId)}/cancel`, generationId }, (body) => viewOf(body).status),
    async retry(generationId, options = {}) {
      const call: DoorCall = { method: 'POST', path: `${pathOf(generationId)}/retry`, body: options, generationId };
      const { view, created } = await ask(call, (body, { status }) => ({ view: viewOf(body), created: status === 202 }));
      const { replaces = [], retryOf = generationId } = view;
      return { generationId: view.generationId, created, quote: await quoteOf(view), retryOf, replaces };
    },
    erase(generationId, { cancel = false, retries = false }) {
      const query = new URLSearchParams({ cancel: String(cancel), retries: String(retries) });
      return ask({ method: 'DELETE', path: pathOf(generationId), query, generationId }, (body) => erasureSchema.parse(body));
    },
  };

  return {
    producer,
    async *events(group, tenant, leaving) {
      await checkTenant(tenant);
      const place = openPlace(door, group, environment);
      const ending = AbortSignal.any([signal, leaving]);
      const lastEventId = place?.read();
      for await (const { event, data, id } of follow(calls, { url: door.url, path: '/v1/events', lastEventId, signal: ending })) {
        const body = data === undefined ? undefined : withoutIsoTimes(Object(parsed(data)) as object);
        if (event === 'gap') yield { event: 'events.gap', until: inForm(200, () => gapSchema.parse(body)).until };
        else if (durableEvents.some((each) => each === event))
          // the fields that the command line reads are parsed; the others it prints as they are
          yield { ...inForm(200, () => eventSchema.parse(body)), deliveries: 1 } as unknown as DarkroomEvent;
        // Kept once its reader has asked for the next one: a kill in between tells the event again.
        if (id !== undefined) place?.write(id);
      }
    },
    async putReference(image, tenant) {
      await checkTenant(tenant);
      return ask({ method: 'POST', path: '/v1/inputs', body: image }, (body) => inputSchema.parse(body).reference);
    },
    async saveImage({ generationId }, index, file) {
      const path = `${pathOf(generationId)}/images/${index}`;
      const { url, image } = await ask({ method: 'GET', path, generationId }, (body) => addressSchema.parse(body));
      const bytes = await fetchImage(url, image.sizeBytes, signal);
      if (bytes === undefined) {
        const message = `could not read image ${index} of generation "${generationId}": the bucket has it no more; a caller or its age has erased it`;
        throw new GenerationError('generation.erased', message, { details: { generationId, index } });
      }
      if (createHash('sha256').update(bytes).digest('hex') !== image.sha256)
        throw new StorageError('storage.damaged-image', `image ${index} of generation "${generationId}" differs from the verified one`, {
          reached: 'yes',
        });
      await writeWhole(file, bytes);
    },
    endpoints: () => createEndpointCalls(ask, () => checkTenant(ofCommand)),
    async readSpend(tenant) {
      await checkTenant(tenant);
      return ask({ method: 'GET', path: '/v1/spend' }, periodsOf);
    },
  };
}

/** Returns false for a request that names a model of a later version. */
function isKnown(request: unknown): boolean {
  const { model } = Object(request) as { model?: unknown };
  return typeof model !== 'string' || knownModels.find(model) !== undefined;
}

const isoOf = (moment: Date | number | undefined): string | undefined =>
  moment === undefined ? undefined : new Date(moment).toISOString();

/** Writes a text for a header, as a string of RFC 8941 in UTF-8. */
const quoted = (text: string): string => `"${Buffer.from(text.replaceAll(/["\\]/g, String.raw`\$&`)).toString('latin1')}"`;

/** Reads an image from the bucket; undefined if it is gone. The address is a secret, and stands in no message. */
async function fetchImage(url: string, sizeBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(IMAGE_LIMIT_MS)]) });
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    // A proxy may leave the length out; the end of the connection then ends the body, wherever it is.
    if (bytes.length >= sizeBytes || answer.headers.has('content-length')) return bytes;
    throw new Error(`ended after ${bytes.length} of ${sizeBytes} bytes`);
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error && /^(status|ended after) \d+/.test(error.message) ? error.message : 'it does not answer to the end';
    throw new StorageError('storage.unavailable', `could not read an image from the bucket at ${new URL(url).host}: ${why}`, {
      reached: 'maybe',
    });
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.part`;
  try {
    await writeFile(unfinished, bytes, { flag: 'wx' });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
