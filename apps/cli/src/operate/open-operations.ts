import {
  buildGenerationStore,
  buildReadingStore,
  defaultRetention,
  describeRedisServer,
  examineRedis,
  type GenerationStore,
  type Reading,
  type RedisShortcoming,
} from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import { countBacklog, createSettlements, createSubmissions, type Submissions } from '@darkroom/queues';
import { checkOwner } from '@darkroom/recovery';
import { atMost, readSettings, spendSettings, type RedisClock, type SpendSettings } from '@darkroom/service-runtime';
import { measureRedisClock } from './measure-redis-clock.ts';
import { CLOSE_LIMIT_MS, connectRedis, type OperationsOptions } from './connect-redis.ts';
import { openBucket } from './open-bucket.ts';
import { owningOf } from './owning.ts';

/** Access of an operator to a Darkroom: its store, its queues and its bucket. */
export interface Operations {
  /** Name of its Redis for messages, without the password. */
  readonly where: string;
  /** Reads the spend caps that the environment of this command names. @throws ConfigError for invalid caps. */
  readNamedCaps(): SpendSettings['named'];
  readonly store: GenerationStore;
  /** The rebuild that has opened the store and reads on; undefined while there is none. */
  findReading(): Promise<Reading | undefined>;
  /** Key prefix. */
  readonly prefix: string;
  readonly submissions: Submissions;
  /** Redis time, and how far the clock of this machine differs from it. */
  readonly clock: RedisClock;
  /** Lists what Darkroom needs and its Redis lacks. */
  examineRedis(): Promise<RedisShortcoming[]>;
  /** Describes its Redis: version, place, replicas, log, eviction policy, TLS. */
  describeServer(): Promise<string>;
  /** Counts the jobs of each queue by BullMQ's states, and those that are due now. */
  countQueues(now: number): Promise<{ queue: string; states: Readonly<Record<string, number>>; backlog: number }[]>;
  /** Opens its bucket, which the caller closes. @throws ConfigError; LocalStackError if no bucket is known; ForeignBucketError; StorageError. */
  openBucket(): Promise<ObjectStorage>;
  close(): Promise<void>;
}

/** Opens the store and the queues of the Darkroom that `connectRedis` finds. @throws as `connectRedis` does. */
export async function openOperations(options: OperationsOptions): Promise<Operations> {
  const { redis, prefix, where, folder } = await connectRedis(options);
  const clock = await measureRedisClock(redis).catch((error: unknown) => {
    redis.disconnect(); // no caller can: the connection would reconnect for ever
    throw error;
  });
  const submissions = createSubmissions(redis, { prefix, failFast: true });
  const settlements = createSettlements(redis, { prefix, failFast: true });
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  return {
    where,
    readNamedCaps: () => readSettings({ spend: spendSettings }, options.environment).spend.named,
    store,
    prefix,
    submissions,
    clock,
    async openBucket() {
      const storage = openBucket(options.environment, folder);
      try {
        await checkOwner(owningOf(options.environment, prefix, store, storage));
        return storage;
      } catch (error) {
        storage.close();
        throw error;
      }
    },
    examineRedis: () => examineRedis(redis),
    describeServer: () => describeRedisServer(redis),
    findReading: () => buildReadingStore({ prefix }, redis).findReading(),
    countQueues: (now) =>
      Promise.all(
        [submissions, settlements].map(async ({ queue }) => ({
          queue: queue.name,
          states: await queue.getJobCounts(),
          backlog: await countBacklog(redis, queue, now),
        })),
      ),
    async close() {
      await atMost(CLOSE_LIMIT_MS, Promise.allSettled([submissions.close(), settlements.close()]));
      redis.disconnect();
    },
  };
}
