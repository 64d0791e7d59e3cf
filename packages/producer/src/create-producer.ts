import {
  describeGiven,
  GenerationError,
  InvalidRequestError,
  ProblemList,
  UNREADABLE,
  type GenerationStatus,
  type GenerationView,
  type GrokImagineRequest,
  type GrokImagineRequestInput,
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
import { createAborts } from './aborts.ts';
import { createAvailability } from './availability.ts';
import { createChanges } from './changes.ts';
import { enqueueOrder, type Destination, type Enqueued } from './enqueue.ts';
import { enqueueOrders, optionsOf, readMany } from './enqueue-many.ts';
import {
  enqueueManyOptions,
  enqueueOptions,
  readCallOptions,
  readProducerOptions,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type ProducerOptions,
} from './options.ts';
import { buildOrder, readOrder, type OrderDefaults } from './order.ts';
import { createPlaces } from './places.ts';
import { createRedisTime } from './redis-time.ts';
import {
  defaultLookEvery,
  waitOptions as namesOfWait,
  waitProblems,
  waitUntilFinal,
  type WaitOptions,
  type WaitSurroundings,
} from './wait.ts';

/** The options of a call that has none: any name is refused, so that none is taken for heard. */
export type NoOptions = Readonly<Record<string, never>>;

export interface GenerateOptions extends EnqueueOptions, WaitOptions {}

/** Puts generations into the queue and reads what became of them. */
export interface Producer {
  /**
   * Enqueues a generation, whatever its `deliveryMethod`. Safe to repeat with the same `generationId` or `idempotencyKey`: nothing is
   * bought twice.
   * @throws InvalidRequestError (the first 50 problems, all of them counted), SpendCapError, StoreNotInitialisedError, RequestConflictError,
   * GenerationIdError (an id that Redis does not know, too old or too far ahead): nothing was queued;
   * QueueUnavailableError: `reached` says whether it may have arrived.
   */
  enqueue(request: GrokImagineRequestInput, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many generations, at most 10,000, each with its own request; the answers are in their order. All are checked first: if one
   * is wrong, none is sent.
   * @throws InvalidRequestError with the first problems, their index ("requests[3].width") and how many there are: nothing was queued; EnqueueManyError when
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
  get(generationId: string, options?: NoOptions): Promise<GenerationView>;
  /**
   * Waits until the generation is final, also through an outage of Redis. @throws GenerationError when there is none or the time is over;
   * QueueUnavailableError when Redis is away at the end of the time, refuses the first look for good, or the producer is closed.
   */
  wait(generationId: string, options?: WaitOptions): Promise<GenerationView>;
  /** Cancels: what was not sent is never bought; an image already bought is kept. @returns the status it has now. @throws GenerationError, QueueUnavailableError. */
  cancel(generationId: string, options?: NoOptions): Promise<GenerationStatus>;
  /** Lets go of Redis. Calls that are waiting, and later ones, are refused with QueueUnavailableError. May be called twice. */
  close(): Promise<void>;
}

/**
 * Connects to Redis at once and makes a producer; a Redis that is away is reported by the calls, not here.
 * @throws ConfigError with all problems of the options at once.
 */
export function createProducer(given: ProducerOptions): Producer {
  const options = readProducerOptions(given);
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

  const order = (request: GrokImagineRequest, given: EnqueueOptions): Promise<Enqueued> => {
    const enqueue = () => enqueueOrder(destination, buildOrder(request, given, defaults));
    return given.generationId === undefined ? mintBy(enqueue) : enqueue();
  };
  const find = (generationId: string): Promise<GenerationView | undefined> =>
    ask('read generation', generationId, () => store.find(generationId));
  // Many waits look at once when they begin, or hear of an outage that is over: a reply that comes after a second is given up.
  const looks = createPlaces(LOOKS_AT_ONCE);
  const waiting: WaitSurroundings = {
    find: (generationId, known) => ask('read generation', generationId, () => looks.run(() => store.find(generationId, known))),
    changes,
    aborts: createAborts(),
    random: Math.random,
    lookEvery: defaultLookEvery,
  };
  const notFound = (generationId: string): GenerationError =>
    new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);

  const producer: Producer = {
    async enqueue(input, given = {}) {
      const { request, options } = checked((problems) => {
        const options = readCallOptions(given, enqueueOptions, problems);
        const request = options && readOrder(input, options, defaults, problems);
        return request && options && { request, options };
      }, ENQUEUES);
      return order(request, options);
    },
    async enqueueMany(inputs, given = {}) {
      const { requests, options } = await checkedInParts(async (problems) => {
        const options = readCallOptions(given, enqueueManyOptions, problems);
        return options && { options, requests: await readMany(inputs, options, defaults, problems) };
      });
      const orderAll = () =>
        enqueueOrders(
          destination,
          requests.map((request, index) => buildOrder(request, optionsOf(options, index), defaults)),
        );
      return options.generationIds === undefined ? mintBy(orderAll) : orderAll();
    },
    async generate(input, given = {}) {
      const { request, options } = checked((problems) => {
        const options = readCallOptions(given, [...enqueueOptions, ...namesOfWait], problems);
        const request = options && readOrder(input, options, defaults, problems);
        if (options !== undefined) problems.push(...waitProblems(options));
        return request && options && { request, options };
      }, ENQUEUES);
      options.signal?.throwIfAborted();
      const { generationId } = await order(request, options);
      return request.deliveryMethod === 'async' ? producer.get(generationId) : waitUntilFinal(generationId, waiting, options);
    },
    async get(generationId, given = {}) {
      checked((problems) => readIdCall(generationId, given, [], problems));
      const generation = await find(generationId);
      if (generation === undefined) throw notFound(generationId);
      return generation;
    },
    async wait(generationId, given = {}) {
      const options = checked((problems) => {
        const read = readIdCall(generationId, given, namesOfWait, problems);
        if (read !== undefined) problems.push(...waitProblems(read));
        return read;
      });
      return waitUntilFinal(generationId, waiting, options);
    },
    async cancel(generationId, given = {}) {
      checked((problems) => readIdCall(generationId, given, [], problems));
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

/** One look takes Redis a tenth of a millisecond. */
const LOOKS_AT_ONCE = 64;

const ENQUEUES = { enqueues: true };

/**
 * Reads what a call was given, at once: a call has left before `close`, called right after it, can come between.
 * @param read Adds what is wrong to the problems; what it returns is used if there are none.
 * @throws InvalidRequestError, also for what throws when it is read, such as a proxy.
 */
function checked<Read>(read: (problems: ProblemList) => Read | undefined, options: { enqueues?: boolean } = {}): Read {
  const problems = new ProblemList();
  try {
    return valid(read(problems), problems, options);
  } catch (cause) {
    throw refusal(cause, problems, options);
  }
}

/** Reads what a call was given as `checked` does, while other work of the process goes on. */
async function checkedInParts<Read>(read: (problems: ProblemList) => Promise<Read | undefined>): Promise<Read> {
  const problems = new ProblemList();
  try {
    return valid(await read(problems), problems, ENQUEUES);
  } catch (cause) {
    throw refusal(cause, problems, ENQUEUES);
  }
}

function valid<Read>(value: Read | undefined, problems: ProblemList, options: { enqueues?: boolean }): Read {
  if (value === undefined || problems.count > 0) throw new InvalidRequestError(problems, options);
  return value;
}

function refusal(cause: unknown, problems: ProblemList, options: { enqueues?: boolean }): InvalidRequestError {
  if (cause instanceof InvalidRequestError) return cause;
  problems.push({ path: '', message: UNREADABLE });
  return new InvalidRequestError(problems, { ...options, cause });
}

/** Reads the options of a call about one generation, and adds what is wrong with its id and with them. */
function readIdCall<Options extends object>(
  generationId: unknown,
  given: Options,
  known: readonly string[],
  problems: ProblemList,
): Options | undefined {
  if (typeof generationId !== 'string' || generationId.length > MAX_ID_LENGTH)
    problems.push({ path: 'generationId', message: 'must be the id of a generation', given: describeGiven(generationId) });
  return readCallOptions(given, known, problems);
}

/** A UUID has 36 characters; what is longer is not repeated in an error. */
const MAX_ID_LENGTH = 64;
