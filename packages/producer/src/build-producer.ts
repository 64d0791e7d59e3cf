import { afterWrite, isGenerationId, modelOf, type GenerationView, type StoredRequest } from '@darkroom/contracts';
import { lookSurely, type GenerationStore } from '@darkroom/generation-store';
import { createAborts } from './aborts.ts';
import { checked, checkedInParts, checkedWith, ENQUEUES, readIdCall } from './check-call.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { enqueueGeneration, type Destination, type Enqueued } from './enqueue.ts';
import { hideOthers } from './hide-others.ts';
import { mustBeId, notFound } from './not-found.ts';
import { createErasing, type ErasingParts } from './erasing.ts';
import { enqueueGenerations, prepareMany, readMany, withOwnLists } from './enqueue-many.ts';
import { createRuleBook } from './image-rules.ts';
import { listOptions, listPage, listProblems } from './list.ts';
import { keyProblems } from './enqueue-problems.ts';
import { enqueueManyOptions, enqueueOptions, type EnqueueOptions } from './options.ts';
import { readCallOptions } from './read-call-options.ts';
import { prepareGeneration, readRequest, type GenerationDefaults } from './prepare-generation.ts';
import { findByKeyOptions, type Producer } from './producer.ts';
import type { RedisTime } from './redis-time.ts';
import { retryGeneration, retryOptions, retryProblems } from './retry.ts';
import { spendOptions, spendPeriods } from './spend.ts';
import { foreignTenantProblems } from './tenant-problems.ts';
import { createTurns } from './turns.ts';
import { defaultLookEvery, waitOptions as namesOfWait, waitProblems, waitUntilFinal, type WaitDependencies } from './wait.ts';
import { watchGeneration, watchOptions } from './watch.ts';

/** Parts that a producer works on: Redis, or the memory of a test. */
export interface ProducerParts extends Omit<Destination, 'store'>, Pick<WaitDependencies, 'subscriptions'> {
  defaults: GenerationDefaults;
  store: Pick<
    GenerationStore,
    | 'enqueue'
    | 'retry'
    | 'findRetried'
    | 'find'
    | 'checkMemory'
    | 'findTimeline'
    | 'findIdByKey'
    | 'list'
    | 'readImageRules'
    | 'readSpend'
    | keyof ErasingParts['store']
  >;
  mintBy: RedisTime['mintBy'];
  /** Ends all calls; called once. */
  close(): Promise<void>;
}

/** Builds a producer on its parts. Checks every argument before it calls one of them. */
export function buildProducer({ defaults, mintBy, subscriptions, close, store, ...others }: ProducerParts): Producer {
  const { boundTo } = defaults;
  const { ask } = others;
  const orders = boundTo === undefined ? store : hideOthers(store);
  const destination: Destination = { ...others, store: orders };
  const rules = createRuleBook(ask, store, defaults);
  let closing: Promise<void> | undefined;

  const turns = createTurns(ENQUEUES_A_TURN);
  const enqueueOne = (request: StoredRequest, given: EnqueueOptions): Promise<Enqueued> => {
    const enqueue = () => enqueueGeneration(destination, prepareGeneration(request, given, defaults));
    return given.generationId === undefined ? mintBy(enqueue) : enqueue();
  };
  /** Asks about a generation. @returns undefined if there is none: Redis has forgotten nothing. */
  const about = async <Found>(what: string, generationId: string, look: () => Promise<Found | undefined>): Promise<Found | undefined> => {
    if (!isGenerationId(generationId)) return undefined;
    return lookSurely(
      () => ask(what, generationId, look),
      () => ask(what, generationId, () => store.checkMemory(generationId)),
    );
  };
  const read = (generationId: string, look: () => Promise<GenerationView | undefined>) => about('read generation', generationId, look);
  const find = (generationId: string) => read(generationId, () => store.find(generationId, undefined, boundTo));
  // Many waits look at once when they begin or Redis comes back; a reply after more than a second is given up.
  const looks = createConcurrencyLimit(LOOKS_AT_ONCE);
  const waiting: WaitDependencies = {
    find: (generationId, known) => read(generationId, () => looks.run(() => store.find(generationId, known, boundTo))),
    subscriptions,
    aborts: createAborts(),
    random: Math.random,
    lookEvery: defaultLookEvery,
  };

  const eraser = createErasing({ ask, about, store, boundTo, now: others.now });
  const producer: Producer = {
    async enqueue(...call) {
      const kept = turns.wait(...call);
      const [input, given = {}] = kept === undefined ? call : await kept;
      const read = checkedWith(
        (problems) => {
          const options = readCallOptions(given, enqueueOptions, problems);
          const request = options && readRequest(input, options, defaults, problems);
          return request && options && { request, options };
        },
        (problems) => rules.add([input], given, () => problems),
      );
      // without a pause, so that the call is under way before a `close` right after it
      const { request, options } = read instanceof Promise ? await read : read;
      return enqueueOne(request, options);
    },
    async enqueueMany(inputs, given = {}) {
      const { requests, options } = await checkedInParts(async (problems) => {
        const options = withOwnLists(readCallOptions(given, enqueueManyOptions, problems));
        return options && { options, requests: await readMany(inputs, options, defaults, rules, problems) };
      });
      const enqueueAll = async () => enqueueGenerations(destination, await prepareMany(requests, options, defaults), rules);
      return options.generationIds === undefined ? mintBy(enqueueAll) : enqueueAll();
    },
    async generate(...call) {
      const kept = turns.wait(...call);
      const [input, given = {}] = kept === undefined ? call : await kept;
      const read = checkedWith(
        (problems) => {
          const options = readCallOptions(given, [...enqueueOptions, ...namesOfWait], problems);
          const request = options && readRequest(input, options, defaults, problems);
          if (options !== undefined) problems.push(...waitProblems(options));
          return request && options && { request, options };
        },
        (problems) => rules.add([input], given, () => problems),
      );
      const { request, options } = read instanceof Promise ? await read : read;
      options.signal?.throwIfAborted();
      const { generationId } = await enqueueOne(request, options);
      const made = request.deliveryMethod === 'async' ? producer.get(generationId) : waitUntilFinal(generationId, waiting, options);
      return made.catch((error: unknown) => {
        throw afterWrite(generationId, 'enqueued', error);
      });
    },
    async get(generationId, given = {}) {
      checked((problems) => readIdCall(generationId, given, [], problems));
      const generation = await find(generationId);
      if (generation === undefined) throw notFound(generationId);
      return generation;
    },
    async timeline(generationId, given = {}) {
      checked((problems) => readIdCall(generationId, given, [], problems));
      const found = await about('read timeline', generationId, () => store.findTimeline(generationId, boundTo));
      if (found === undefined) throw notFound(generationId);
      return found;
    },
    async findByIdempotencyKey(idempotencyKey, given = {}) {
      const { tenant = defaults.tenant } = checked((problems) => {
        const options = readCallOptions(given, findByKeyOptions, problems);
        problems.push(...keyProblems('idempotencyKey', idempotencyKey), ...foreignTenantProblems(options?.tenant, boundTo));
        return options;
      });
      const generationId = await ask('find an idempotency key', undefined, () => store.findIdByKey(tenant, idempotencyKey));
      return generationId === undefined ? undefined : find(generationId);
    },
    async list(given = {}) {
      const options = checked((problems) => {
        const options = readCallOptions(given, listOptions, problems);
        if (options !== undefined) problems.push(...listProblems(options), ...foreignTenantProblems(options.tenant, boundTo));
        return options;
      });
      return ask('list generations', undefined, () => listPage(store, options, options.tenant ?? boundTo));
    },
    watch(generationId, given = {}) {
      const options = checked((problems) => {
        const options = readIdCall(generationId, given, watchOptions, problems);
        if (options !== undefined) problems.push(...waitProblems(options));
        return options;
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
      const status = await about('cancel generation', generationId, () => store.cancel(generationId, boundTo));
      if (status === undefined) throw notFound(generationId);
      return status;
    },
    async retry(generationId, given = {}) {
      const options = checked((problems) => {
        const options = readIdCall(generationId, given, retryOptions, problems);
        if (options !== undefined) problems.push(...retryProblems(options));
        // The caller could change its list during the call.
        return options && { ...options, ...(Array.isArray(options.images) && { images: [...options.images] }) };
      }, ENQUEUES);
      mustBeId(generationId);
      const retry = () =>
        retryGeneration({ ...others, store: { retry: orders.retry, findRetried: store.findRetried } }, generationId, options, defaults);
      return options.generationId === undefined ? mintBy(retry) : retry();
    },
    quote(input, given = {}) {
      const request = checked((problems) => {
        readCallOptions(given, [], problems);
        return readRequest(input, {}, defaults, problems);
      });
      return { images: request.numberResults, ...modelOf(defaults.models, request).quote(request) };
    },
    async spend(given = {}) {
      const { tenant = boundTo } = checked((problems) => {
        const options = readCallOptions(given, spendOptions, problems);
        problems.push(...foreignTenantProblems(options?.tenant, boundTo));
        return options;
      });
      return spendPeriods(await ask('read the spend', undefined, () => store.readSpend(tenant)), tenant);
    },
    erase: eraser.erase,
    erasure: eraser.erasure,
    close: () => (closing ??= close()),
  };
  return producer;
}

/** Enqueues that begin in one turn of the event loop: each takes it a twentieth of a millisecond. */
const ENQUEUES_A_TURN = 100;

/** One look takes Redis a tenth of a millisecond. */
const LOOKS_AT_ONCE = 64;
