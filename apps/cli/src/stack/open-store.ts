import { buildGenerationStore, connectPatient, type GenerationStore } from '@darkroom/generation-store';
import type { Closing } from '@darkroom/local-stack';
import type { Stores } from './stores.ts';

/** Opens the store of a start for its settings; nothing is enqueued through it. */
export function openStore({ redis }: Pick<Stores, 'redis'>, closing: Closing): GenerationStore {
  const connection = connectPatient(redis.url, redis.prefix);
  closing.add(() => connection.disconnect());
  const retention = { recordSeconds: 1, idempotencySeconds: 1 };
  return buildGenerationStore({ prefix: redis.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, connection);
}
