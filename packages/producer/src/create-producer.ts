import {
  defined,
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
import { createSubscriptions } from './subscriptions.ts';
import { enqueueGeneration, type Destination, type Enqueued } from './enqueue.ts';
import { enqueueGenerations, optionsOf, readMany } from './enqueue-many.ts';
import {
  enqueueManyOptions,
  enqueueOptions,
  readCallOptions,
  keyProblems,
  otherTenantProblems,
  readProducerOptions,
  tenantProblems,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type ProducerOptions,
} from './options.ts';
import { listOptions, listPage, listProblems, type GenerationPage, type ListOptions } from './list.ts';
import { prepareGeneration, readRequest, type GenerationDefaults } from './prepare-generation.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { createRedisTime } from './redis-time.ts';
import {
  defaultLookEvery,
  waitOptions as namesOfWait,
  waitProblems,
  waitUntilFinal,
  type WaitOptions,
  type WaitDependencies,
} from './wait.ts';
import { watchGeneration, watchOptions, type WatchOptions } from './watch.ts';

/** Options of a call that takes none: every name is refused, so that no option is silently ignored. */
export type NoOptions = Readonly<Record<string, never>>;

export interface GenerateOptions extends EnqueueOptions, WaitOptions {}

/** Options of `findByIdempotencyKey`. */
export interface FindByKeyOptions {
  /** Tenant that used the key. Defaults to the producer's own, or to "default". */
  tenant?: string;
}

const findByKeyOptions = ['tenant'] as const satisfies readonly (keyof FindByKeyOptions)[];

/** Enqueues generations and reads their results. */
export interface Producer {
  /**
   * Enqueues a generation, whatever its `deliveryMethod`. Safe to repeat with the same `generationId` or `idempotencyKey`: nothing is
   * bought twice.
   * @throws InvalidRequestError (lists the first 50 problems, counts all), SpendCapError, StoreNotInitialisedError, RequestConflictError,
   * GenerationIdError (an id that Redis does not know, too old or too far ahead): nothing was queued;
   * QueueUnavailableError: `reached` says if the call may have arrived.
   */
  enqueue(request: GrokImagineRequestInput, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues at most 10,000 generations, each with its own request; the results have the order of the requests. All are checked first:
   * if one is wrong, none is sent.
   * @throws InvalidRequestError with the first problems, their index ("requests[3].width") and the number of all: nothing was queued;
   * EnqueueManyError if an error occurs on the way: it lists the state of each, and calling again with its `generationIds` is safe.
   */
  enqueueMany(requests: readonly GrokImagineRequestInput[], options?: EnqueueManyOptions): Promise<Enqueued[]>;
  /**
   * Follows the request's `deliveryMethod`: "sync", the default of the model's page, enqueues and waits until the generation is final;
   * "async" returns the generation once it is queued. A failed generation is a result, not an error.
   * @throws the errors of `enqueue` and `wait`. After "generation.wait-timeout" the generation is still running; `details.generationId`
   * names it.
   */
  generate(request: GrokImagineRequestInput, options?: GenerateOptions): Promise<GenerationView>;
  /**
   * Reads a generation. @throws GenerationError if no generation has this id, or it belongs to another tenant than the producer;
   * QueueUnavailableError.
   */
  get(generationId: string, options?: NoOptions): Promise<GenerationView>;
  /**
   * Finds the generation of an idempotency key, for as long as Redis keeps the key: while the generation is open and
   * `idempotencySeconds` longer. @returns undefined for an unknown key. @throws InvalidRequestError, QueueUnavailableError.
   */
  findByIdempotencyKey(idempotencyKey: string, options?: FindByKeyOptions): Promise<GenerationView | undefined>;
  /**
   * Lists the generations that Redis holds, the newest first: open ones, and final ones for `recordSeconds` after their end.
   * @throws InvalidRequestError with all problems of the options; QueueUnavailableError.
   */
  list(options?: ListOptions): Promise<GenerationPage>;
  /**
   * Yields a generation at once and after each change until it is final: `for await (const generation of producer.watch(id)) …`. It
   * outlasts an outage of Redis, and ends when the loop is left.
   * @throws InvalidRequestError at the call. While it is read: GenerationError if there is none, QueueUnavailableError if Redis refuses the
   * first look permanently or the producer is closed, the reason of the signal.
   */
  watch(generationId: string, options?: WatchOptions): AsyncGenerator<GenerationView, void, undefined>;
  /**
   * Waits until the generation is final, even through an outage of Redis. @throws GenerationError if there is none or the wait times out;
   * QueueUnavailableError if Redis is away at the end of the time, refuses the first look permanently, or the producer is closed.
   */
  wait(generationId: string, options?: WaitOptions): Promise<GenerationView>;
  /**
   * Cancels a generation: submissions not yet sent are never bought; an image already bought is kept. @returns the present status. @throws
   * GenerationError, QueueUnavailableError.
   */
  cancel(generationId: string, options?: NoOptions): Promise<GenerationStatus>;
  /** Disconnects from Redis. Refuses waiting and later calls with QueueUnavailableError. May be called twice. */
  close(): Promise<void>;
}

/**
 * Connects to Redis at once and makes a producer; its calls, not this function, report an absent Redis.
 * @throws ConfigError with all problems of the options at once.
 */
export function createProducer(given: ProducerOptions): Producer {
  const options = readProducerOptions(given);
  const { redisUrl, prefix = DEFAULT_PREFIX, tenant, maxReferenceImages = 1, now: clock = Date.now } = options;
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
  const subscriptions = createSubscriptions(prefix, () =>
    // A right that it lacks is one of the producer: the watch of the other connection asks for them all.
    connectSubscriber(redisUrl).on('denied', (error: Error) => redis.emit('denied', error)),
  );
  const defaults: GenerationDefaults = { tenant: tenant ?? 'default', ...defined({ boundTo: tenant }), maxReferenceImages, now };
  const destination: Destination = { ask, store, submissions, now };
  let closing: Promise<void> | undefined;

  const enqueueOne = (request: GrokImagineRequest, given: EnqueueOptions): Promise<Enqueued> => {
    const enqueue = () => enqueueGeneration(destination, prepareGeneration(request, given, defaults));
    return given.generationId === undefined ? mintBy(enqueue) : enqueue();
  };
  const find = (generationId: string): Promise<GenerationView | undefined> =>
    ask('read generation', generationId, () => store.find(generationId, undefined, tenant));
  // Many waits look at once when they begin or Redis comes back; a reply after more than a second is given up.
  const looks = createConcurrencyLimit(LOOKS_AT_ONCE);
  const waiting: WaitDependencies = {
    find: (generationId, known) => ask('read generation', generationId, () => looks.run(() => store.find(generationId, known, tenant))),
    subscriptions,
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
        const request = options && readRequest(input, options, defaults, problems);
        return request && options && { request, options };
      }, ENQUEUES);
      return enqueueOne(request, options);
    },
    async enqueueMany(inputs, given = {}) {
      const { requests, options } = await checkedInParts(async (problems) => {
        const options = readCallOptions(given, enqueueManyOptions, problems);
        return options && { options, requests: await readMany(inputs, options, defaults, problems) };
      });
      const enqueueAll = () =>
        enqueueGenerations(
          destination,
          requests.map((request, index) => prepareGeneration(request, optionsOf(options, index), defaults)),
        );
      return options.generationIds === undefined ? mintBy(enqueueAll) : enqueueAll();
    },
    async generate(input, given = {}) {
      const { request, options } = checked((problems) => {
        const options = readCallOptions(given, [...enqueueOptions, ...namesOfWait], problems);
        const request = options && readRequest(input, options, defaults, problems);
        if (options !== undefined) problems.push(...waitProblems(options));
        return request && options && { request, options };
      }, ENQUEUES);
      options.signal?.throwIfAborted();
      const { generationId } = await enqueueOne(request, options);
      return request.deliveryMethod === 'async' ? producer.get(generationId) : waitUntilFinal(generationId, waiting, options);
    },
    async get(generationId, given = {}) {
      checked((problems) => readIdCall(generationId, given, [], problems));
      const generation = await find(generationId);
      if (generation === undefined) throw notFound(generationId);
      return generation;
    },
    async findByIdempotencyKey(idempotencyKey, given = {}) {
      const options = checked((problems) => {
        const read = readCallOptions(given, findByKeyOptions, problems);
        problems.push(...keyProblems('idempotencyKey', idempotencyKey));
        if (read !== undefined)
          problems.push(...tenantProblems('options.tenant', read.tenant), ...otherTenantProblems(read.tenant, tenant));
        return read;
      });
      const owner = options.tenant ?? defaults.tenant;
      const generationId = await ask('find an idempotency key', undefined, () => store.findIdByKey(owner, idempotencyKey));
      return generationId === undefined ? undefined : find(generationId);
    },
    async list(given = {}) {
      const options = checked((problems) => {
        const read = readCallOptions(given, listOptions, problems);
        if (read !== undefined) problems.push(...listProblems(read), ...otherTenantProblems(read.tenant, tenant));
        return read;
      });
      return ask('list generations', undefined, () => listPage(store, options, options.tenant ?? tenant));
    },
    watch(generationId, given = {}) {
      const options = checked((problems) => {
        const read = readIdCall(generationId, given, watchOptions, problems);
        if (read !== undefined) problems.push(...waitProblems(read));
        return read;
      });
      return watchGeneration(generationId, waiting, options);
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
      const status = await ask('cancel generation', generationId, () => store.cancel(generationId, tenant));
      if (status === undefined) throw notFound(generationId);
      return status;
    },
    close() {
      closing ??= (async () => {
        refuseCalls();
        subscriptions.close();
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
 * Reads the arguments of a call synchronously, so that the call is under way before a `close` right after it.
 * @param read Appends the problems; its result is used if there are none.
 * @throws InvalidRequestError, even if an argument throws when read, such as a proxy.
 */
function checked<Read>(read: (problems: ProblemList) => Read | undefined, options: { enqueues?: boolean } = {}): Read {
  const problems = new ProblemList();
  try {
    return valid(read(problems), problems, options);
  } catch (cause) {
    throw refusal(cause, problems, options);
  }
}

/** Reads the arguments of a call as `checked` does, with pauses in which the process does other work. */
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

/** Reads the options of a call about one generation, and appends the problems of its id and options. */
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

/** A UUID has 36 characters; an error does not repeat a longer text. */
const MAX_ID_LENGTH = 64;
