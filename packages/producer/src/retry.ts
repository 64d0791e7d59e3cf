import {
  describeGiven,
  InvalidRequestError,
  isGenerationId,
  modelOf,
  createGenerationId,
  defined,
  formatUsd,
  traceparentProblems,
  type GenerationView,
  type Problem,
} from '@darkroom/contracts';
import type { GenerationStore, NewRetry } from '@darkroom/generation-store';
import { ENTRY_WRITTEN } from './availability.ts';
import { jobsOf, type Destination, type Enqueued } from './enqueue.ts';
import { warningsOf } from './enqueue-warnings.ts';
import type { GenerationDefaults } from './prepare-generation.ts';

/** Options of `retry`. */
export interface RetryOptions {
  /** Indexes of the images to buy again. Defaults to all that did not succeed. */
  images?: readonly number[];
  /**
   * Accepts that an image may be paid for twice: buys *unknown* and *lost* images again too. Needs a `reason`. Images that are under way
   * stay refused.
   */
  mayPayAgain?: true;
  /** The reason for `mayPayAgain`, 1 to 200 characters. It is recorded for good: name no person. */
  reason?: string;
  /**
   * Your own id for the new generation, a UUIDv7. A repeated call with it returns that generation, even if its images have failed
   * meanwhile and could be bought again.
   */
  generationId?: string;
  /** The trace to which this call belongs, as for `enqueue`; the retry does not inherit that of the first generation. */
  traceparent?: string;
}

/** Names of the options of `retry`. */
export const retryOptions = [
  'images',
  'mayPayAgain',
  'reason',
  'generationId',
  'traceparent',
] as const satisfies readonly (keyof RetryOptions)[];

/** Answer to a retry. */
export interface Retried extends Enqueued {
  /** The original, also if the call named a retry of it. */
  retryOf: string;
  /** Indexes in the original, in the order of the images of the new generation. */
  replaces: number[];
}

const MAX_REASON_LENGTH = 200;
/** Images of a generation at most. */
const MAX_IMAGES = 20;

/** Returns the problems of the options of a retry, apart from their names. */
export function retryProblems({ images, mayPayAgain, reason, generationId, traceparent }: RetryOptions): Problem[] {
  const problems: Problem[] = [];
  const refuse = (name: string, message: string, given: unknown): void =>
    void problems.push({ path: `options.${name}`, message, given: describeGiven(given) });
  if (images !== undefined && !isListOfIndexes(images))
    refuse('images', `must be a list of 1 to ${MAX_IMAGES} indexes of images, each a whole number from 0 and once`, images);
  if (mayPayAgain !== undefined && (mayPayAgain as unknown) !== true) refuse('mayPayAgain', 'must be true, or be left out', mayPayAgain);
  if (mayPayAgain !== undefined && reason === undefined)
    problems.push({ path: 'options.reason', message: 'must say why an image may be paid for again' });
  if (reason !== undefined && mayPayAgain === undefined) refuse('reason', 'is taken with mayPayAgain: true alone', reason);
  if (reason !== undefined && !isReason(reason))
    refuse('reason', `must have 1 to ${MAX_REASON_LENGTH} characters, not all of them blanks, none a control character`, reason);
  if (generationId !== undefined && (typeof generationId !== 'string' || !isGenerationId(generationId)))
    refuse('generationId', 'must be a lower-case UUIDv7', generationId);
  if (traceparent !== undefined) problems.push(...traceparentProblems('options.traceparent', traceparent));
  return problems;
}

const isListOfIndexes = (images: unknown): boolean =>
  Array.isArray(images) &&
  images.length > 0 &&
  images.length <= MAX_IMAGES &&
  new Set(images).size === images.length &&
  images.every((index) => Number.isSafeInteger(index) && (index as number) >= 0);

const isReason = (reason: unknown): boolean =>
  typeof reason === 'string' && reason.length <= MAX_REASON_LENGTH && /\S/.test(reason) && !/[\p{Surrogate}\p{Cc}]/u.test(reason);

/** Where a retry goes: first its entry, then its jobs. */
export interface RetryDestination extends Omit<Destination, 'store'> {
  store: Pick<GenerationStore, 'retry' | 'findRetried'>;
}

/**
 * Retries images of a generation. Repeated, it finds the retry that exists, and only ensures that its jobs exist.
 * @throws InvalidRequestError for an index that the generation does not have; the errors of the store.
 */
export async function retryGeneration(
  { ask, store, submissions }: RetryDestination,
  of: string,
  options: RetryOptions,
  defaults: GenerationDefaults,
): Promise<Retried> {
  for (;;) {
    const old = await ask('read generation', of, () => store.findRetried(of, defaults.boundTo));
    const { retry, quote: price } = prepareRetry(old, options, defaults);
    const receipt = await ask('retry generation', of, () => store.retry(retry));
    // An image has succeeded since it was read, which happens once to each.
    if (receipt.kind === 'changed') continue;
    const { generationId } = receipt;
    await ask('add the jobs of generation', generationId, () => submissions.add(jobsOf({ generation: retry }, receipt), 0), {
      after: ENTRY_WRITTEN,
    });
    const { retryOf, replaces } = retry;
    return { generationId, created: receipt.kind === 'created', quote: price, retryOf, replaces: [...replaces], ...warningsOf(receipt) };
  }
}

/** Builds the new generation: request, tenant and labels of the old one for the images that it lacks, without its times and its key. */
function prepareRetry(old: GenerationView, options: RetryOptions, { boundTo, models, now }: GenerationDefaults) {
  const isAll = options.images === undefined;
  const missing = old.images.filter(({ status }) => status !== 'succeeded').map(({ index }) => index);
  const all = missing.length === 0 ? old.images.map(({ index }) => index) : missing;
  const indexes = (options.images ?? all).toSorted((a, b) => a - b);
  const problems = indexes
    .filter((index) => index >= old.images.length)
    .map((index): Problem => ({
      path: 'options.images',
      message: `must name images of generation "${old.generationId}", which has ${old.images.length}`,
      given: String(index),
    }));
  if (models.find(old.request.model) === undefined)
    problems.push({ path: 'model', message: `of generation "${old.generationId}" is not one of this producer: ${models.ids.join(', ')}` });
  if (problems.length > 0) throw new InvalidRequestError(problems, { enqueues: true });
  const request = { ...old.request, numberResults: indexes.length };
  const model = modelOf(models, request);
  const price = model.quote(request);
  // Where records are damaged, caps count the highest price of a model for each image.
  if (price.imageNanoUsd > model.mostNanoUsd) {
    const message = `of generation "${old.generationId}" costs ${price.imageUsd} USD an image, and this version takes requests of at most ${formatUsd(model.mostNanoUsd)} USD: enqueue a smaller one`;
    throw new InvalidRequestError([{ path: 'request', message }], { enqueues: true });
  }
  // A retry of a retry is one of the original, so that all of them are found from there.
  const isRetry = old.retryOf !== undefined && old.replaces !== undefined;
  const retry: NewRetry = {
    generationId: options.generationId ?? createGenerationId(now()),
    tenant: old.tenant,
    request,
    outline: model.outline(request),
    imageNanoUsd: price.imageNanoUsd,
    retryOf: isRetry ? (old.retryOf ?? '') : old.generationId,
    replaces: isRetry ? indexes.map((index) => old.replaces?.[index] ?? 0) : indexes,
    of: old.generationId,
    indexes,
    isAll,
    ...defined({
      payAgainReason: options.reason,
      traceparent: options.traceparent,
      boundTo,
      priority: old.priority,
      withholdFlagged: old.withholdFlagged,
      tags: old.tags,
      metadata: old.metadata,
    }),
  };
  return { retry, quote: price };
}
