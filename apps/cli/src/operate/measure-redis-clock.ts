import { createRedisClock, type RedisClock } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

/** Measures Redis time, by which commands go: the clock of this machine may be wrong. */
export async function measureRedisClock(redis: Pick<Redis, 'time'>): Promise<RedisClock> {
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs: () => Date.now(), monotonicMs: () => performance.now() });
  await clock.measure();
  return clock;
}
