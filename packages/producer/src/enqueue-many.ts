import { setImmediate } from 'node:timers/promises';
import {
  DarkroomError,
  EnqueueManyError,
  InvalidRequestError,
  QueueUnavailableError,
  type GrokImagineRequest,
  type ProblemList,
  type SubmissionRef,
} from '@darkroom/contracts';
import { delayOf, enqueuedOf, jobsOf, type Destination, type Enqueued } from './enqueue.ts';
import type { EnqueueManyOptions, EnqueueOptions } from './options.ts';
import { readOrder, type Order, type OrderDefaults } from './order.ts';

/** What is sent at once: the generations of a chunk, and then the jobs of their images, each answered within the time-out of a command. */
const MAX_GENERATIONS = 100;
const MAX_IMAGES = 200;
/** Of requests as text; one with inline images takes up to a quarter of it. */
const MAX_CHARACTERS = 1024 * 1024;

/** The most that one call takes: a million go out as a hundred calls, each with an answer that says what became of its requests. */
const MAX_REQUESTS = 10_000;
/** Checked in one go, before other work of the process has its turn. */
const CHECKED_AT_ONCE = 100;

/** The options of one of many. */
export const optionsOf = ({ generationIds, idempotencyKeys, ...shared }: EnqueueManyOptions, index: number): EnqueueOptions => {
  const [generationId, idempotencyKey] = [generationIds?.[index], idempotencyKeys?.[index]];
  return {
    ...shared,
    ...(generationId === undefined ? {} : { generationId }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
};

/**
 * Reads many requests, and adds what is wrong with them, each problem with its index. Options that hold for all of them are checked
 * once. Other work of the process goes on meanwhile.
 * @returns the requests, of which some are missing if there are problems.
 */
export async function readMany(
  inputs: readonly unknown[],
  options: EnqueueManyOptions,
  defaults: OrderDefaults,
  problems: ProblemList,
): Promise<GrokImagineRequest[]> {
  if (!Array.isArray(inputs)) problems.push({ path: 'requests', message: 'must be an array' });
  else if (inputs.length > MAX_REQUESTS)
    problems.push({ path: 'requests', message: `may hold at most ${MAX_REQUESTS}; call once for each part`, given: `${inputs.length}` });
  if (!Array.isArray(inputs) || inputs.length > MAX_REQUESTS) return [];
  const { generationIds, idempotencyKeys, ...shared } = options;
  readOrder(VALID, shared, defaults, problems);
  for (const [path, list] of Object.entries({ generationIds, idempotencyKeys })) {
    if (list === undefined || (Array.isArray(list) && list.length === inputs.length)) continue;
    const given = Array.isArray(list) ? `${list.length}` : typeof list;
    problems.push({ path: `options.${path}`, message: `must hold one for each of the ${inputs.length} requests`, given });
  }
  const seen = new Set<string>();
  const requests: GrokImagineRequest[] = [];
  // A copy: the caller may change its list while other work has its turn.
  for (const [index, input] of [...inputs].entries()) {
    if (index > 0 && index % CHECKED_AT_ONCE === 0) await setImmediate();
    const { deadlineAt: _deadlineAt, runAt: _runAt, tenant: _tenant, ...own } = optionsOf(options, index);
    const request = readOrder(
      input,
      own,
      defaults,
      problems.part((path) => pathOfOneOf(path, index)),
    );
    if (request !== undefined) requests.push(request);
    if (own.generationId === undefined) continue;
    if (seen.has(own.generationId))
      problems.push({ path: `options.generationIds[${index}]`, message: 'is the id of an earlier one of these requests' });
    seen.add(own.generationId);
  }
  return requests;
}

const VALID = { positivePrompt: 'x' };

const pathOfOneOf = (path: string, index: number): string => {
  if (path === 'options.generationId' || path === 'options.idempotencyKey') return `${path}s[${index}]`;
  return path === '' ? `requests[${index}]` : `requests[${index}].${path}`;
};

/**
 * Enqueues orders, a chunk after the other. What one chunk meets ends the call after it.
 * @throws EnqueueManyError that says what became of each.
 */
export async function enqueueOrders(destination: Destination, orders: readonly Order[]): Promise<Enqueued[]> {
  const fates: Fate[] = [];
  for (const chunk of chunksOf(orders)) {
    const failed = fates.some(({ kind }) => kind !== 'written');
    fates.push(...(failed ? chunk.map((): Fate => ({ kind: 'notWritten' })) : await enqueueChunk(destination, chunk)));
  }
  const generationIds = orders.map(({ generation }) => generation.generationId);
  const idsOf = (kind: Fate['kind']): string[] => generationIds.filter((_, index) => fates[index]?.kind === kind);
  const cause = fates.find(({ kind }) => kind !== 'written')?.cause;
  if (cause === undefined) return fates.flatMap(({ enqueued }) => enqueued ?? []);
  // Times hold for all of them: none is queued, and there is nothing to tell of each.
  if (cause instanceof InvalidRequestError && fates.every(({ kind }) => kind === 'notWritten')) throw cause;
  throw new EnqueueManyError(
    { generationIds, written: idsOf('written'), maybeWritten: idsOf('maybeWritten'), notWritten: idsOf('notWritten') },
    { cause },
  );
}

/** What became of one order. */
interface Fate {
  kind: 'written' | 'maybeWritten' | 'notWritten';
  enqueued?: Enqueued;
  cause?: DarkroomError;
}

/** The records of all go out before the first answer is waited for, and then the jobs of those that were taken, in one go. */
async function enqueueChunk({ ask, store, submissions, now }: Destination, chunk: readonly Order[]): Promise<Fate[]> {
  const recorded = await Promise.all(
    chunk.map(async (order) => {
      const { generationId } = order.generation;
      try {
        return { order, receipt: await ask('enqueue generation', generationId, () => store.enqueue(order.generation)) };
      } catch (error) {
        return { order, error: ours(error) };
      }
    }),
  );
  const byDelay = new Map<number, SubmissionRef[]>();
  const at = now();
  for (const { order, receipt } of recorded) {
    if (receipt === undefined) continue;
    const delayMs = delayOf(receipt, at);
    const refs = byDelay.get(delayMs) ?? [];
    byDelay.set(delayMs, refs);
    refs.push(...jobsOf(order, receipt));
  }
  let jobTrouble: DarkroomError | undefined;
  for (const [delayMs, refs] of byDelay) {
    try {
      await ask('add the jobs of generation', refs[0]?.generationId ?? '', () => submissions.add(refs, delayMs), { followsWrite: true });
    } catch (error) {
      jobTrouble = ours(error);
    }
  }
  return recorded.map(({ order, receipt, error }): Fate => {
    if (error !== undefined) return { kind: mayHaveArrived(error) ? 'maybeWritten' : 'notWritten', cause: error };
    // The record is there, and its jobs may be missing: enqueued again, they are added.
    if (jobTrouble !== undefined) return { kind: 'maybeWritten', cause: jobTrouble };
    return { kind: 'written', enqueued: enqueuedOf(order, receipt) };
  });
}

const mayHaveArrived = (error: DarkroomError): boolean => error instanceof QueueUnavailableError && error.reached !== 'no';

/** What `ask` throws is always ours; anything else is a mistake of the code. */
function ours(error: unknown): DarkroomError {
  if (error instanceof DarkroomError) return error;
  throw error;
}

function* chunksOf(orders: readonly Order[]): Generator<Order[], void, undefined> {
  let chunk: Order[] = [];
  let [images, characters] = [0, 0];
  for (const order of orders) {
    const { request } = order.generation;
    const size = JSON.stringify(request).length;
    const isFull = chunk.length >= MAX_GENERATIONS || images + request.numberResults > MAX_IMAGES || characters + size > MAX_CHARACTERS;
    if (isFull && chunk.length > 0) {
      yield chunk;
      chunk = [];
      [images, characters] = [0, 0];
    }
    chunk.push(order);
    images += request.numberResults;
    characters += size;
  }
  if (chunk.length > 0) yield chunk;
}
