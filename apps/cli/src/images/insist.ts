import { setTimeout as delay } from 'node:timers/promises';
import { DarkroomError, hasCode, QueueUnavailableError, type GenerationView, type RequestInput } from '@darkroom/contracts';
import type { Enqueued, EnqueueOptions } from '@darkroom/producer';
import type { ClientProducer } from './client.ts';

/** Outages of Redis or the API in a row that a command outlasts, about one a second: a failover takes seconds. */
const MOST_TRIES = 20;
const REST_MS = 1000;

interface Insisting {
  readonly signal: AbortSignal;
  readonly restMs?: number;
}

/** @throws the reason of the signal */
const rest = ({ signal, restMs = REST_MS }: Insisting): Promise<void> =>
  delay(restMs, undefined, { signal }).catch(() => signal.throwIfAborted());

/**
 * Enqueues an order. One that may have arrived is sent again under its id: the command run again would be another order.
 * @throws the errors of `enqueue`; QueueUnavailableError that names the generation if it may be queued.
 */
export async function enqueueOnce(
  producer: Pick<ClientProducer, 'enqueue'>,
  request: RequestInput,
  given: EnqueueOptions,
  insisting: Insisting,
): Promise<Enqueued> {
  let options = given;
  for (let tries = 1; ; tries += 1) {
    try {
      const enqueued = await producer.enqueue(request, options);
      const isOwn = options !== given && enqueued.generationId === options.generationId;
      return isOwn ? { ...enqueued, created: true } : enqueued;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      const { reached, generationId = options.generationId } = error;
      if (generationId === undefined || (reached === 'no' && options.generationId === undefined)) throw error;
      if (tries === MOST_TRIES) {
        const words = given.idempotencyKey === undefined ? `darkroom show ${generationId} tells` : 'the same command can be run again';
        throw new QueueUnavailableError(`generation "${generationId}" may be queued, and redis does not answer: ${words}`, {
          reached: 'maybe',
          generationId,
          cause: error,
        });
      }
      options = { ...options, generationId };
    }
    await rest(insisting);
  }
}

/**
 * Follows an order to its end, through outages. A Redis that went back to an earlier state may have lost it, and the command still holds it: the
 * same order under the same id buys nothing twice.
 * @param again Makes the order again. @returns the id of its generation.
 */
export async function* followOrder(
  producer: Pick<ClientProducer, 'watch'>,
  first: string,
  again: (generationId: string) => Promise<string>,
  insisting: Insisting,
): AsyncGenerator<GenerationView, void, undefined> {
  let generationId = first;
  for (let tries = 1; ;) {
    try {
      for await (const view of producer.watch(generationId, { signal: insisting.signal })) {
        tries = 1;
        yield view;
      }
      return;
    } catch (error) {
      insisting.signal.throwIfAborted();
      const isLost = hasCode(error, 'generation.not-found');
      if (tries === MOST_TRIES || !(isLost || (error instanceof DarkroomError && error.retryable))) throw error;
      if (isLost) generationId = await again(generationId);
      tries += 1;
      await rest(insisting);
    }
  }
}
