import { afterWrite, hasCode, InvalidRequestError, isFinalGeneration, traceparentProblems, type GenerationView } from '@darkroom/contracts';
import type { RetryOptions } from '@darkroom/producer';
import { etagOf, isNoneMatched, type Answer } from '../answers/answer.ts';
import { generationJson, pathOf } from '../answers/generation-json.ts';
import { readIdempotencyKey, readWait } from '../requests/headers.ts';
import { readBatch, readOrder } from '../requests/read-order.ts';
import { enqueueErrors, type Call, type Route } from './route.ts';

const waitHeader = {
  description: 'With `wait=<seconds>`, at most 60, the answer comes when the generation is final or the time is over (RFC 7240).',
  example: 'wait=30',
};
const created = {
  Location: 'Path of the generation.',
  'Preference-Applied': 'The preference that was followed.',
  ETag: 'Changes with the generation.',
};

/** Answers with a generation that a call made or found. */
async function answerWith(call: Call, generationId: string, isCreated: boolean): Promise<Answer> {
  const { producer, signal, headers } = call;
  const seconds = readWait(typeof headers['prefer'] === 'string' ? headers['prefer'] : undefined);
  const reading = seconds === undefined ? producer.get(generationId) : waitFor(call, generationId, seconds, signal);
  const view = await reading.catch((error: unknown) => {
    throw afterWrite(generationId, 'enqueued', error);
  });
  const isDone = seconds !== undefined && isFinalGeneration(view.status);
  const body = generationJson(view);
  return {
    status: isCreated && !isDone ? 202 : 200,
    headers: {
      location: pathOf(generationId),
      etag: etagOf(view, body),
      'cache-control': 'private, no-cache',
      ...(seconds !== undefined && { 'preference-applied': `wait=${seconds}` }),
      ...(!isCreated && { 'idempotent-replayed': 'true' }),
    },
    body,
  };
}

/** Waits, and answers with the present state when the time is over or the process stops: the generation runs on. */
async function waitFor({ producer }: Call, generationId: string, seconds: number, signal: AbortSignal): Promise<GenerationView> {
  try {
    return await producer.wait(generationId, { timeoutMs: seconds * 1000, signal });
  } catch (error) {
    if (!signal.aborted && !hasCode(error, 'generation.wait-timeout')) throw error;
    return producer.get(generationId);
  }
}

export const generationRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/generations',
    operationId: 'createGeneration',
    tag: 'Generations',
    summary: 'Enqueues a generation.',
    description:
      'The body is a request to the model, with the options of Darkroom beside it. Repeat the call with the same `Idempotency-Key` or `generationId`: nothing is bought twice. The request to the model is compared; all other fields of the first call hold, and a repeat changes none of them. A key belongs to its generation while that is open, and seven days longer.',
    scope: 'write',
    headers: {
      'Idempotency-Key': { description: 'Your own key of this call, 1 to 256 characters, bare or in double quotes.', example: 'order-7' },
      Prefer: waitHeader,
    },
    body: { kind: 'json', schema: 'GenerationRequest', isRequired: true },
    answers: {
      202: { description: 'It was enqueued.', schema: 'Generation', headers: created },
      200: {
        description: 'It was there already (`Idempotent-Replayed: true`), or it is final within the time of `Prefer: wait`.',
        schema: 'Generation',
        headers: { ...created, 'Idempotent-Replayed': 'True if an earlier call made the generation.' },
      },
    },
    errors: enqueueErrors,
    async run(call) {
      const { request, options } = readOrder(call.body, readIdempotencyKey(oneOf(call.headers['idempotency-key'])));
      const traceparent = oneOf(call.headers['traceparent']);
      const { generationId, created: isCreated } = await call.producer.enqueue(
        request,
        isTraceparent(traceparent) ? { ...options, traceparent } : options,
      );
      return answerWith(call, generationId, isCreated);
    },
  },
  {
    method: 'POST',
    path: '/v1/generations/batch',
    operationId: 'createGenerations',
    tag: 'Generations',
    summary: 'Enqueues many generations.',
    description:
      'All are checked first: if one is wrong, none is enqueued. If something goes wrong on the way, the problem lists the state of each, and calling again with its `generationIds` is safe.',
    scope: 'write',
    body: { kind: 'json', schema: 'BatchRequest', isRequired: true },
    answers: { 202: { description: 'All are there.', schema: 'Batch' } },
    errors: [...enqueueErrors, 'queue.partly-enqueued'],
    async run({ producer, body, headers }) {
      if (headers['idempotency-key'] !== undefined)
        throw new InvalidRequestError([
          { path: 'Idempotency-Key', message: 'is not taken for a batch: give `idempotencyKeys` in the body, one for each request' },
        ]);
      const { requests, options } = readBatch(body);
      const all = await producer.enqueueMany(requests, options);
      const generations = all.map(({ generationId, created: isCreated, quote }) => ({
        generationId,
        created: isCreated,
        atMostUsd: quote.totalUsd,
        urls: { self: pathOf(generationId) },
      }));
      return { status: 202, body: { generations } };
    },
  },
  {
    method: 'GET',
    path: '/v1/generations/{id}',
    operationId: 'getGeneration',
    tag: 'Generations',
    summary: 'Reads a generation.',
    scope: 'read',
    takesToken: true,
    headers: { 'If-None-Match': { description: 'Entity tag of an earlier answer.', example: 'W/"7"' } },
    answers: {
      200: { description: 'The generation as it is now.', schema: 'Generation', headers: { ETag: 'Changes with the generation.' } },
      304: { description: 'It has not changed.' },
    },
    errors: ['generation.not-found', 'generation.erased'],
    async run({ producer, params, headers }) {
      const view = await producer.get(params['id'] ?? '');
      const body = generationJson(view);
      const etag = etagOf(view, body);
      const cached = { etag, 'cache-control': 'private, no-cache' };
      if (isNoneMatched(headers['if-none-match'], etag)) return { status: 304, headers: cached };
      return { status: 200, headers: cached, body };
    },
  },
  {
    method: 'POST',
    path: '/v1/generations/{id}/cancel',
    operationId: 'cancelGeneration',
    tag: 'Generations',
    summary: 'Cancels a generation.',
    description: 'Images that were not sent to the provider are never bought. Those that are bought already come home.',
    scope: 'write',
    answers: { 200: { description: 'The generation as it is now.', schema: 'Generation' } },
    errors: ['generation.not-found', 'generation.erased'],
    async run({ producer, params }) {
      const id = params['id'] ?? '';
      await producer.cancel(id);
      const view = await producer.get(id).catch((error: unknown) => {
        throw afterWrite(id, 'cancelled', error);
      });
      return { status: 200, body: generationJson(view) };
    },
  },
  {
    method: 'POST',
    path: '/v1/generations/{id}/retry',
    operationId: 'retryGeneration',
    tag: 'Generations',
    summary: 'Buys images of a generation again, in a new generation.',
    description:
      'Takes all images that did not succeed, or those of `images`. Repeated, it answers with the first retry. While a purchase of an image may be under way the answer is 409, and nothing is bought.',
    scope: 'write',
    headers: { Prefer: waitHeader },
    body: { kind: 'json', schema: 'RetryRequest', isRequired: false },
    answers: {
      202: { description: 'The retry was enqueued.', schema: 'Generation', headers: created },
      200: {
        description: 'The retry was there already, or it is final within the time of `Prefer: wait`.',
        schema: 'Generation',
        headers: created,
      },
    },
    errors: [
      ...enqueueErrors,
      'generation.not-found',
      'retry.in-progress',
      'retry.already-retried',
      'retry.already-succeeded',
      'retry.unknown-outcome',
      'retry.lost-image',
    ],
    async run(call) {
      const given = (call.body ?? {}) as RetryOptions; // the library checks what a caller sent
      const { generationId, created: isCreated } = await call.producer.retry(call.params['id'] ?? '', given);
      return answerWith(call, generationId, isCreated);
    },
  },
];

const oneOf = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

/** A header that is none is no reason to refuse an order: proxies add it (W3C Trace Context, "Processing model"). */
const isTraceparent = (header: string | undefined): header is string =>
  header !== undefined && traceparentProblems('', header).length === 0;
