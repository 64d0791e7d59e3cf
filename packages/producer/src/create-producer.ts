import {
  checkGrokImagineRequest,
  ConfigError,
  createGenerationId,
  GenerationError,
  InvalidRequestError,
  parseGrokImagineRequest,
  quote,
  type GenerationStatus,
  type GenerationView,
  type GrokImagineRequestInput,
  type Quote,
} from '@darkroom/contracts';
import { buildGenerationStore, connectFailFast, connectPatient, DEFAULT_PREFIX } from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { createAvailability } from './availability.ts';
import { createChanges } from './changes.ts';
import { DAY_SECONDS, enqueueProblems, producerProblems, type EnqueueOptions, type ProducerOptions } from './options.ts';
import { waitUntilFinal, type WaitOptions } from './wait.ts';

export interface Enqueued {
  generationId: string;
  /** True when this call made the generation; false when it was there already. */
  created: boolean;
  /** What it may cost at the most. */
  quote: Quote;
}

/** Puts generations into the queue and reads what became of them. */
export interface Producer {
  /**
   * Enqueues a generation. Safe to repeat with the same `generationId` or `idempotencyKey`: nothing is bought twice.
   * @throws InvalidRequestError (all problems at once), SpendCapError, StoreNotInitialisedError, RequestConflictError: nothing was queued;
   * QueueUnavailableError: `reached` says whether it may have arrived.
   */
  enqueue(request: GrokImagineRequestInput, options?: EnqueueOptions): Promise<Enqueued>;
  /** @throws GenerationError when no generation has this id; QueueUnavailableError. */
  get(generationId: string): Promise<GenerationView>;
  /** Waits until the generation is final. @throws GenerationError when there is none or the time is over; QueueUnavailableError. */
  wait(generationId: string, options?: WaitOptions): Promise<GenerationView>;
  /** Cancels: what was not sent is never bought; an image already bought is kept. @returns the status it has now. @throws GenerationError, QueueUnavailableError. */
  cancel(generationId: string): Promise<GenerationStatus>;
  /** Lets go of Redis. Calls that are waiting, and later ones, are refused with QueueUnavailableError. May be called twice. */
  close(): Promise<void>;
}

/**
 * Connects to Redis at once and makes a producer; a Redis that is away is reported by the calls, not here.
 * @throws ConfigError with all problems of the options at once.
 */
export function createProducer(options: ProducerOptions): Producer {
  const wrong = producerProblems(options);
  if (wrong.length > 0) throw new ConfigError(wrong);
  const { redisUrl, prefix = DEFAULT_PREFIX, tenant = 'default', maxReferenceImages = 1, now = Date.now } = options;
  const { recordSeconds = 7 * DAY_SECONDS, idempotencySeconds = 7 * DAY_SECONDS } = options;
  const redis = connectFailFast(redisUrl);
  const { ask, close: refuseCalls } = createAvailability(redis);
  const store = buildGenerationStore(
    {
      prefix,
      retention: { recordSeconds, idempotencySeconds },
      pollRate: { perSecond: 1, burst: 1 },
    },
    redis,
  );
  const submissions = createSubmissions(redis, { prefix, failFast: true });
  const changes = createChanges(prefix, () => connectPatient(redisUrl));
  let closing: Promise<void> | undefined;

  const find = (generationId: string): Promise<GenerationView | undefined> =>
    ask('read generation', generationId, () => store.find(generationId));
  const notFound = (generationId: string): GenerationError =>
    new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);

  return {
    async enqueue(input, given = {}) {
      const whose = given.tenant ?? tenant;
      const problems = [...checkGrokImagineRequest(input, { maxReferenceImages }), ...enqueueProblems({ ...given, tenant: whose }, now())];
      if (problems.length > 0) throw new InvalidRequestError(problems);
      const request = parseGrokImagineRequest(input, { maxReferenceImages });
      const generationId = given.generationId ?? createGenerationId(now());
      const price = quote(request);
      return ask('enqueue generation', generationId, async () => {
        const receipt = await store.enqueue({
          generationId,
          tenant: whose,
          request,
          imageNanoUsd: price.imageNanoUsd,
          ...(given.deadlineAt === undefined ? {} : { deadlineAt: given.deadlineAt }),
          ...(given.idempotencyKey === undefined ? {} : { idempotencyKey: given.idempotencyKey }),
        });
        // Also when it was there already: the call that made it may have died before it added the jobs. A job of a
        // submission that has come home finds nothing to do.
        const refs = Array.from({ length: request.numberResults }, (_, index) => ({ generationId: receipt.generationId, index, n: 1 }));
        await submissions.add(refs);
        return { generationId: receipt.generationId, created: receipt.kind === 'created', quote: price };
      });
    },
    async get(generationId) {
      const generation = await find(generationId);
      if (generation === undefined) throw notFound(generationId);
      return generation;
    },
    wait: (generationId, waitOptions = {}) => waitUntilFinal(generationId, () => find(generationId), changes, waitOptions),
    async cancel(generationId) {
      const status = await ask('cancel generation', generationId, () => store.cancel(generationId));
      if (status === undefined) throw notFound(generationId);
      return status;
    },
    close() {
      closing ??= (async () => {
        refuseCalls();
        changes.close();
        await submissions.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
}
