import type { Closing } from '@darkroom/local-stack';
import type { ObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions, type Settlements, type Submissions } from '@darkroom/queues';
import type { RedisClock } from '@darkroom/service-runtime';
import type { FoundRedis, OperationsOptions } from './connect-redis.ts';
import { openBucket } from './open-bucket.ts';

/** Opens the bucket and both queues, as a worker does. */
export function openBucketAndQueues(
  { environment }: OperationsOptions,
  { redis, prefix, folder }: FoundRedis,
  { now }: RedisClock,
  closing: Pick<Closing, 'add'>,
): { storage: ObjectStorage; submissions: Submissions; settlements: Settlements } {
  const storage = openBucket(environment, folder);
  closing.add(() => storage.close());
  const submissions = createSubmissions(redis, { prefix, now });
  closing.add(() => submissions.close());
  const settlements = createSettlements(redis, { prefix, now });
  closing.add(() => settlements.close());
  return { storage, submissions, settlements };
}
