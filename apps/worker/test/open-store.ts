import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { uniquePrefix } from '@darkroom/testing';

/** Price of an image in the worlds on an open store. */
export const IMAGE_NANO_USD = 20_000_000;

/** Opens a store of its own with real queues, under a cap that no test reaches. */
export async function openStore(redisUrl: string) {
  const redis = connectPatient(redisUrl);
  const queue = { prefix: uniquePrefix() };
  const submissions = createSubmissions(redis, queue);
  const settlements = createSettlements(redis, queue);
  const retention = { recordSeconds: 600, idempotencySeconds: 600 };
  const store = buildGenerationStore({ prefix: queue.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: 10_000_000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  return {
    redis,
    queue,
    submissions,
    settlements,
    store,
    async close(): Promise<void> {
      await Promise.all([submissions.close(), settlements.close()]);
      redis.disconnect();
    },
  };
}
