import {
  createGenerationId,
  parseGrokImagineRequest,
  taskUuidOf,
  type SubmissionRef,
  type SubmissionResult,
  type SubmitVerdict,
  type VerifiedImage,
} from '@darkroom/contracts';
import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import {
  type Commitment,
  type Settlement,
  type VerdictMeaning,
  buildGenerationStore,
  type GenerationStore,
  type GenerationStoreConfig,
  type NewGeneration,
} from '../src/index.ts';
import { clockOf, withSettableClock } from './redis-clock.ts';

/** Cost of one image of the tests. */
export const IMAGE_NANO_USD = 20_000_000;
export const retention = { recordSeconds: 600, idempotencySeconds: 172_800 };

export interface Spend {
  reserved: number;
  settled: number;
}

export interface World extends AsyncDisposable {
  readonly prefix: string;
  readonly redis: Redis;
  readonly store: GenerationStore;
  /** The same store on a connection of its own. */
  reconnect(): Promise<{ store: GenerationStore } & AsyncDisposable>;
  /** Enqueues a generation. @returns its first submissions, by index. */
  enqueue(images?: number, given?: Partial<NewGeneration>): Promise<[SubmissionRef, ...SubmissionRef[]]>;
  /** Opens a send, which must be possible. */
  open(ref: SubmissionRef): Promise<Extract<Commitment, { kind: 'go' }>>;
  /** Opens a send and records what it came to. */
  send(ref: SubmissionRef, verdict?: SubmitVerdict['kind']): Promise<VerdictMeaning>;
  submission(ref: SubmissionRef): Promise<Record<string, string>>;
  generation(generationId: string): Promise<Record<string, string>>;
  /** The ledger, by period. */
  ledger(): Promise<Record<string, Spend>>;
  /** The money of all tenants over all days. */
  spent(): Promise<Spend>;
  /** Everything under the prefix but the counts, less how long it stays. */
  keyspace(): Promise<Record<string, unknown>>;
}

/**
 * A store of one's own: initialised, with a daily cap that no test reaches by accident.
 * @param url A Redis; by default that of all tests, in which others may have left a million keys.
 */
export const setup = (given: Partial<GenerationStoreConfig> = {}, url?: string): Promise<World> =>
  buildWorld(given, (redis) => redis, undefined, undefined, undefined, url);

/** A world in which time stands still until it is set; in milliseconds since 1970. */
export interface SteadyWorld extends World {
  time(): Promise<number>;
  setTime(at: number): Promise<void>;
}

/** A store whose scripts read a clock that stands still. @param url A Redis; by default that of all tests. */
export async function setupAt(at: number, url?: string): Promise<SteadyWorld> {
  const prefix = uniquePrefix();
  const world = await buildWorld({}, withSettableClock, (redis) => clockOf(redis, prefix).time(), prefix, at, url);
  return { ...world, ...clockOf(world.redis, prefix) };
}

async function buildWorld(
  given: Partial<GenerationStoreConfig>,
  connectionOfStore: (redis: Redis) => Redis,
  timeOfStore: (redis: Redis) => Promise<number> | number = Date.now,
  prefix = uniquePrefix(),
  startsAt?: number,
  url = inject('redisUrl'),
): Promise<World> {
  const redis = new Redis(url);
  if (startsAt !== undefined) await clockOf(redis, prefix).setTime(startsAt);
  const clock = async (): Promise<number> => timeOfStore(redis);
  const config = { prefix, retention, pollRate: { perSecond: 10, burst: 3 }, ...given };
  const store = buildGenerationStore(config, connectionOfStore(redis));
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');

  const open: World['open'] = async (ref) => {
    const reply = await store.commit(ref, `token-${Math.random()}`);
    if (reply.kind === 'stop') throw new Error(`the commit was stopped: ${reply.reason}`);
    return reply;
  };
  const ledger: World['ledger'] = async () => {
    const spend = Object.entries(await readKeyspace(redis, `${prefix}:spend:`));
    return Object.fromEntries(spend.map(([key, fields]) => [key.slice(`${prefix}:spend:`.length), spendOf(fields)]));
  };
  return {
    prefix,
    redis,
    store,
    reconnect: async () => {
      const own = redis.duplicate();
      await own.ping();
      return { store: buildGenerationStore(config, own), [Symbol.asyncDispose]: async () => void (await own.quit()) };
    },
    enqueue: async (images = 1, generation = {}) => {
      const all = newGeneration(images, { generationId: createGenerationId(await clock()), ...generation });
      const { generationId } = await store.enqueue(all);
      return refsOf(generationId, images);
    },
    open,
    send: async (ref, verdict = 'accepted') => store.recordVerdict(ref, (await open(ref)).send, verdict),
    submission: ({ generationId, index, n }) => redis.hgetall(`${prefix}:submission:${generationId}:${index}-${n}`),
    generation: (generationId) => redis.hgetall(`${prefix}:generation:${generationId}`),
    ledger,
    spent: async () => {
      const days = Object.entries(await ledger()).filter(([period]) => period.startsWith('all:day:'));
      return days.reduce((sum, [, day]) => ({ reserved: sum.reserved + day.reserved, settled: sum.settled + day.settled }), {
        reserved: 0,
        settled: 0,
      });
    },
    keyspace: () => readKeyspace(redis, prefix),
    [Symbol.asyncDispose]: async () => void (await redis.quit()),
  };
}

export function newGeneration(images = 1, given: Partial<NewGeneration> = {}): NewGeneration {
  return {
    generationId: createGenerationId(Date.now()),
    tenant: 'acme',
    request: parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: images }),
    imageNanoUsd: IMAGE_NANO_USD,
    ...given,
  };
}

const refsOf = (generationId: string, images: number): [SubmissionRef, ...SubmissionRef[]] => [
  { generationId, index: 0, n: 1 },
  ...Array.from({ length: images - 1 }, (_, at) => ({ generationId, index: at + 1, n: 1 })),
];

/** The next submission of the same image. */
export const nextOf = (ref: SubmissionRef): SubmissionRef => ({ ...ref, n: ref.n + 1 });

export const imageOf = ({ generationId, index, n }: SubmissionRef): VerifiedImage => ({
  key: `images/${generationId}/${index}-${n}.jpg`,
  format: 'JPG',
  contentType: 'image/jpeg',
  width: 1024,
  height: 1024,
  sizeBytes: 1000,
  sha256: 'a'.repeat(64),
});

/** The end of a submission; a failure counts, and the image may be bought again unless said otherwise. */
export function ended(
  ref: SubmissionRef,
  status: SubmissionResult['status'],
  {
    costNanoUsd = status === 'succeeded' || status === 'lost' ? IMAGE_NANO_USD : 0,
    ...given
  }: Partial<Settlement> & { costNanoUsd?: number } = {},
): Settlement {
  return {
    result: {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      status,
      settledAt: 1_800_000_000_000,
      costSource: status === 'unknown' ? 'none' : 'reported',
      reservation: { amountNanoUsd: IMAGE_NANO_USD, periods: ['all:day:2026-11-22'] },
      ...(status === 'unknown' ? {} : { costNanoUsd }),
      ...(status === 'succeeded'
        ? { image: imageOf(ref), road: 'upload' as const }
        : { fault: { code: 'provider.task-failed', message: 'it broke' } }),
    },
    code: status === 'succeeded' ? '' : 'provider.task-failed',
    countsAsFailure: status === 'failed',
    mayResubmit: status === 'failed',
    maxSubmissions: 2,
    ...given,
  };
}

/** A settlement after which the image is not bought again. */
export const endedForGood: typeof ended = (ref, status, given) => ended(ref, status, { mayResubmit: false, ...given });

const spendOf = (fields: unknown): Spend => {
  const { reserved = '0', settled = '0' } = fields as Partial<Record<keyof Spend, string>>; // a hash of the ledger
  return { reserved: Number(reserved), settled: Number(settled) };
};

async function readKeyspace(redis: Redis, prefix: string): Promise<Record<string, unknown>> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
    for (const key of found) if (!key.startsWith(`${prefix}:minute:`) && key !== `${prefix}:totals`) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  const entries = [...keys].toSorted().map(async (key): Promise<[string, unknown]> => {
    switch (await redis.type(key)) {
      case 'hash':
        return [key, await redis.hgetall(key)];
      case 'zset':
        return [key, await redis.zrange(key, '0', '-1', 'WITHSCORES')];
      case 'list':
        return [key, await redis.lrange(key, 0, -1)];
      case 'stream':
        return [key, (await redis.xrange(key, '-', '+')).map(([, fields]) => fields)];
      default:
        return [key, await redis.get(key)];
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}
