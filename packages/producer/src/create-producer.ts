import {
  createGenerationId,
  GENERATION_ID_TOLERANCE_MS,
  GenerationError,
  generationIdTime,
  InvalidRequestError,
  isGenerationId,
  parseGrokImagineRequest,
  quote,
  type GenerationStatus,
  type GenerationView,
  type GrokImagineRequestInput,
  type Problem,
  type Quote,
} from '@darkroom/contracts';
import { buildGenerationStore, connectFailFast, connectPatient, DEFAULT_PREFIX } from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { withRedis } from './availability.ts';
import { createChanges } from './changes.ts';
import { waitUntilFinal, type WaitOptions } from './wait.ts';

const DAY_SECONDS = 86_400;

export interface ProducerOptions {
  /** Address of the Redis that the workers use: "redis://…" or "rediss://…". */
  redisUrl: string;
  /** Starts every key; must be that of the workers and hold a hash tag. Defaults to "{darkroom}". */
  prefix?: string;
  /** Whose money is spent, for the caps per tenant: 1 to 64 letters, digits, "-", "_" or ".". Defaults to "default". */
  tenant?: string;
  /** How many reference images a request may have. Defaults to 1: the model's page names no maximum. */
  maxReferenceImages?: number;
  /** How long a finished generation stays in Redis, in seconds. Defaults to 7 days. */
  recordSeconds?: number;
  /** How long an idempotency key is remembered, in seconds. Defaults to 7 days; at least 2, the settle horizon with room. */
  idempotencySeconds?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

export interface EnqueueOptions {
  /** Your own id for this generation, a UUIDv7 minted within the last five minutes; enqueueing it again changes nothing. */
  generationId?: string;
  /** Your own key: a second enqueue with the same key answers with the first generation. 1 to 256 characters. */
  idempotencyKey?: string;
  /** When to give up buying: milliseconds since 1970, in the future. */
  deadlineAt?: number;
  /** Overrides the producer's tenant. */
  tenant?: string;
}

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
  /** Lets go of Redis. May be called twice. */
  close(): Promise<void>;
}

/** Connects to Redis at once and makes a producer; a Redis that is away is reported by the calls, not here. */
export function createProducer(options: ProducerOptions): Producer {
  const { redisUrl, prefix = DEFAULT_PREFIX, tenant = 'default', maxReferenceImages = 1, now = Date.now } = options;
  const { recordSeconds = 7 * DAY_SECONDS, idempotencySeconds = 7 * DAY_SECONDS } = options;
  const redis = connectFailFast(redisUrl);
  const store = buildGenerationStore(
    {
      prefix,
      retention: { recordSeconds, idempotencySeconds: Math.max(idempotencySeconds, 2 * DAY_SECONDS) },
      pollRate: { perSecond: 1, burst: 1 },
    },
    redis,
  );
  const submissions = createSubmissions(redis, { prefix, failFast: true });
  const changes = createChanges(prefix, () => connectPatient(redisUrl));
  let closing: Promise<void> | undefined;

  const find = (generationId: string): Promise<GenerationView | undefined> =>
    withRedis(redis, 'read generation', generationId, () => store.find(generationId));
  const notFound = (generationId: string): GenerationError =>
    new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);

  return {
    async enqueue(input, given = {}) {
      const request = parseGrokImagineRequest(input, { maxReferenceImages });
      const whose = given.tenant ?? tenant;
      const problems = optionProblems({ ...given, tenant: whose }, now());
      if (problems.length > 0) throw new InvalidRequestError(problems);
      const generationId = given.generationId ?? createGenerationId(now());
      const price = quote(request);
      return withRedis(redis, 'enqueue generation', generationId, async () => {
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
      const status = await withRedis(redis, 'cancel generation', generationId, () => store.cancel(generationId));
      if (status === undefined) throw notFound(generationId);
      return status;
    },
    close() {
      closing ??= (async () => {
        changes.close();
        await submissions.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
}

const TENANT = /^[\w.-]{1,64}$/;

function optionProblems({ generationId, idempotencyKey, deadlineAt, tenant }: EnqueueOptions, now: number): Problem[] {
  const problems: Problem[] = [];
  if (
    generationId !== undefined &&
    (!isGenerationId(generationId) || Math.abs(generationIdTime(generationId) - now) > GENERATION_ID_TOLERANCE_MS)
  ) {
    problems.push({
      path: 'options.generationId',
      message: 'must be a lower-case UUIDv7 minted within five minutes of now',
      given: `"${generationId.slice(0, 64)}"`,
    });
  }
  if (idempotencyKey !== undefined && (idempotencyKey.length < 1 || idempotencyKey.length > 256)) {
    problems.push({
      path: 'options.idempotencyKey',
      message: 'must have 1 to 256 characters',
      given: `${idempotencyKey.length} characters`,
    });
  }
  if (deadlineAt !== undefined && !(Number.isSafeInteger(deadlineAt) && deadlineAt > now)) {
    problems.push({
      path: 'options.deadlineAt',
      message: 'must be a moment in the future, in whole milliseconds since 1970',
      given: String(deadlineAt),
    });
  }
  if (tenant !== undefined && !TENANT.test(tenant)) {
    problems.push({
      path: 'options.tenant',
      message: 'must be 1 to 64 letters, digits, "-", "_" or "."',
      given: `"${tenant.slice(0, 64)}"`,
    });
  }
  return problems;
}
