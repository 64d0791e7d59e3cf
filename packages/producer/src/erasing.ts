import { createGenerationId, GenerationError, hasCode } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Availability } from './availability.ts';
import { checked, readIdCall } from './check-call.ts';
import { mustBeId, notFound } from './not-found.ts';
import { eraseOptions, eraseProblems, erasureOf, type EraseOptions, type Erasure } from './erase.ts';
import { bulkErasureOf, readErasedMany, type BulkErasure, type ErasedMany } from './erase-many.ts';
import { readCallOptions } from './read-call-options.ts';
import type { Producer } from './producer.ts';

const AGAIN = 'calling again is safe';

/** Parts that the calls about erasures work on. */
export interface ErasingParts {
  ask: Availability['ask'];
  /** Asks about a generation, and throws if Redis may have forgotten it. */
  about<Found>(what: string, id: string, look: () => Promise<Found | undefined>): Promise<Found | undefined>;
  store: Pick<GenerationStore, 'cancel' | 'requestErasure' | 'findErasure' | 'requestBulk' | 'findBulk'>;
  /** The tenant to which the producer is bound. */
  boundTo: string | undefined;
  now: () => number;
}

/** Builds the calls of a producer about erasures. */
export function createErasing({ ask, about, store, boundTo, now }: ErasingParts): Pick<Producer, 'erase' | 'erasure'> {
  /** @param earlier What the call has done before, in words. */
  async function eraseOne(generationId: string, given: EraseOptions, earlier?: string): Promise<Erasure> {
    const { cancel = false, retries = false } = checked((problems) => {
      const options = readIdCall(generationId, given, eraseOptions, problems);
      if (options !== undefined) problems.push(...eraseProblems(options));
      return options;
    });
    mustBeId(generationId);
    if (cancel) await ask('cancel generation', generationId, () => store.cancel(generationId, boundTo), { after: earlier });
    const after = earlier ?? (cancel ? `it may be cancelled, and ${AGAIN}` : undefined);
    const found = await ask('erase generation', generationId, () => store.requestErasure(generationId, cancel, boundTo), { after });
    if (found === undefined) throw notFound(generationId);
    for (const retry of retries ? found.retries : []) await eraseRetry(generationId, retry, cancel);
    return erasureOf(generationId, found);
  }

  /** Erases a retry after its original was handed to the eraser. @throws GenerationError that says so if the retry is open. */
  async function eraseRetry(generationId: string, retry: string, cancel: boolean): Promise<void> {
    try {
      await eraseOne(retry, { cancel }, `generation "${generationId}" is being erased, and ${AGAIN}`);
    } catch (cause) {
      if (!hasCode(cause, 'generation.open')) throw cause;
      throw new GenerationError(
        'generation.open',
        `generation "${generationId}" is being erased, and its retry "${retry}" is open and stays: wait for its end, or erase it with "cancel: true"`,
        { cause, details: { erased: generationId, open: retry } },
      );
    }
  }

  async function eraseMany(given: ErasedMany, givenOptions: EraseOptions): Promise<BulkErasure> {
    const { which, options } = checked((problems) => {
      const which = readErasedMany(given, boundTo, problems);
      const options = readCallOptions(givenOptions, eraseOptions, problems);
      if (options !== undefined) problems.push(...eraseProblems(options));
      return which && options && { which, options };
    });
    const bulk = {
      erasureId: createGenerationId(now()),
      ...which,
      isForced: options.cancel === true,
      withRetries: options.retries === true,
    };
    return bulkErasureOf(await ask('ask for an erasure', undefined, () => store.requestBulk(bulk), { maybe: AGAIN }));
  }

  function erase(generationId: string, options?: EraseOptions): Promise<Erasure>;
  function erase(which: ErasedMany, options?: EraseOptions): Promise<BulkErasure>;
  async function erase(which: string | ErasedMany, options: EraseOptions = {}): Promise<Erasure | BulkErasure> {
    return typeof which === 'object' && which !== null ? eraseMany(which, options) : eraseOne(which, options);
  }

  return {
    erase,
    async erasure(id, given = {}) {
      checked((problems) => readIdCall(id, given, [], problems));
      mustBeId(id);
      const found = await ask('read erasure', id, () => store.findErasure(id, boundTo));
      if (found !== undefined) return erasureOf(id, found);
      const bulk = await about('read erasure', id, () => store.findBulk(id, boundTo));
      if (bulk === undefined) throw notFound(id);
      return bulkErasureOf(bulk);
    },
  };
}
