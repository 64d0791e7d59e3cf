import {
  ConfigError,
  describeGiven,
  GenerationError,
  InvalidRequestError,
  type GenerationStatus,
  type GenerationView,
  type GrokImagineRequestInput,
  type Problem,
} from '@darkroom/contracts';
import {
  buildGenerationStore,
  connectFailFast,
  connectSubscriber,
  DEFAULT_PREFIX,
  defaultRetention,
  watchConnection,
} from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { createAvailability } from './availability.ts';
import { createChanges } from './changes.ts';
import { enqueueOrder, type Destination, type Enqueued } from './enqueue.ts';
import { enqueueOrders, manyProblems, optionsOf } from './enqueue-many.ts';
import {
  callNameProblems,
  enqueueManyOptions,
  enqueueOptions,
  producerProblems,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type ProducerOptions,
} from './options.ts';
import { buildOrder, orderProblems, type OrderDefaults } from './order.ts';
import { createRedisTime } from './redis-time.ts';
import { waitOptions as namesOfWait, waitProblems, waitUntilFinal, type WaitOptions } from './wait.ts';

export interface GenerateOptions extends EnqueueOptions, WaitOptions {}

/** Puts generations into the queue and reads what became of them. */
export interface Producer {
  /**
   * Enqueues a generation, whatever its `deliveryMethod`. Safe to repeat with the same `generationId` or `idempotencyKey`: nothing is
   * bought twice.
   * @throws InvalidRequestError (all problems at once), SpendCapError, StoreNotInitialisedError, RequestConflictError,
   * GenerationIdError (an id that Redis does not know, too old or too far ahead): nothing was queued;
   * QueueUnavailableError: `reached` says whether it may have arrived.
   */
  enqueue(request: GrokImagineRequestInput, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many generations, each with its own request; the answers are in their order. All are checked first: if one is wrong,
   * none is sent.
   * @throws InvalidRequestError with every problem and its index ("requests[3].width"): nothing was queued; EnqueueManyError when
   * something went wrong on the way: it says what became of each, and calling again with its `generationIds` is safe.
   */
  enqueueMany(requests: readonly GrokImagineRequestInput[], options?: EnqueueManyOptions): Promise<Enqueued[]>;
  /**
   * Does what the request's `deliveryMethod` says: "sync", the default of the model's page, enqueues and waits until the generation
   * is final; "async" answers with the generation as soon as it is queued. A generation that failed is a result, not an error.
   * @throws what `enqueue` and `wait` throw. After "generation.wait-timeout" the generation goes on; `details.generationId` names it.
   */
  generate(request: GrokImagineRequestInput, options?: GenerateOptions): Promise<GenerationView>;
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
  const { redisUrl, prefix = DEFAULT_PREFIX, tenant = 'default', maxReferenceImages = 1, now: clock = Date.now } = options;
  const { recordSeconds = defaultRetention.recordSeconds, idempotencySeconds = defaultRetention.idempotencySeconds } = options;
  const redis = connectFailFast(redisUrl);
  const watch = watchConnection(redis, { prefix, look: 'ping', process: 'producer' });
  const { ask, close: refuseCalls } = createAvailability(redis, watch);
  const store = buildGenerationStore(
    {
      prefix,
      retention: { recordSeconds, idempotencySeconds },
      pollRate: { perSecond: 1, burst: 1 },
    },
    redis,
  );
  const { now, mintBy } = createRedisTime(clock, (message) => process.emitWarning(message, 'DarkroomWarning'));
  const submissions = createSubmissions(redis, { prefix, failFast: true, now });
  const changes = createChanges(prefix, () => connectSubscriber(redisUrl));
  const defaults: OrderDefaults = { tenant, maxReferenceImages, now };
  const destination: Destination = { ask, store, submissions, now };
  let closing: Promise<void> | undefined;

  const order = (input: GrokImagineRequestInput, given: EnqueueOptions): Promise<Enqueued> => {
    const enqueue = () => enqueueOrder(destination, buildOrder(input, given, defaults));
    return given.generationId === undefined ? mintBy(enqueue) : enqueue();
  };
  const find = (generationId: string): Promise<GenerationView | undefined> =>
    ask('read generation', generationId, () => store.find(generationId));
  const notFound = (generationId: string): GenerationError =>
    new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);

  const producer: Producer = {
    async enqueue(input, given = {}) {
      refuse(callNameProblems(given, enqueueOptions), () => orderProblems(input, given, defaults));
      return order(input, given);
    },
    async enqueueMany(inputs, given = {}) {
      refuse(callNameProblems(given, enqueueManyOptions), () => manyProblems(inputs, given, defaults));
      const orderAll = () =>
        enqueueOrders(
          destination,
          inputs.map((input, index) => buildOrder(input, optionsOf(given, index), defaults)),
        );
      return given.generationIds === undefined ? mintBy(orderAll) : orderAll();
    },
    async generate(input, given = {}) {
      refuse(callNameProblems(given, [...enqueueOptions, ...namesOfWait]), () => [
        ...orderProblems(input, given, defaults),
        ...waitProblems(given),
      ]);
      given.signal?.throwIfAborted();
      const { generationId } = await order(input, given);
      return input.deliveryMethod === 'async'
        ? producer.get(generationId)
        : waitUntilFinal(generationId, () => find(generationId), changes, given);
    },
    async get(generationId) {
      refuse(idProblems(generationId));
      const generation = await find(generationId);
      if (generation === undefined) throw notFound(generationId);
      return generation;
    },
    async wait(generationId, given = {}) {
      refuse([...idProblems(generationId), ...callNameProblems(given, namesOfWait)], () => waitProblems(given));
      return waitUntilFinal(generationId, () => find(generationId), changes, given);
    },
    async cancel(generationId) {
      refuse(idProblems(generationId));
      const status = await ask('cancel generation', generationId, () => store.cancel(generationId));
      if (status === undefined) throw notFound(generationId);
      return status;
    },
    close() {
      closing ??= (async () => {
        refuseCalls();
        changes.close();
        await submissions.close();
        watch.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
  return producer;
}

/**
 * Throws InvalidRequestError for all problems at once.
 * @param more Reads the options, which is left out if they are no object.
 */
function refuse(problems: readonly Problem[], more: () => readonly Problem[] = () => []): void {
  const isObject = !problems.some(({ path }) => path === 'options');
  const all = isObject ? [...problems, ...more()] : problems;
  if (all.length > 0) throw new InvalidRequestError(all);
}

const idProblems = (generationId: unknown): Problem[] =>
  typeof generationId === 'string' && generationId.length <= MAX_ID_LENGTH
    ? []
    : [{ path: 'generationId', message: 'must be the id of a generation', given: describeGiven(generationId) }];

/** A UUID has 36 characters; what is longer is not repeated in an error. */
const MAX_ID_LENGTH = 64;
