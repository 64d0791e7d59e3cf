import { createRedisClock, systemClock, type RedisClock } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

/** Asks Redis for its time: what a command does goes by it, whatever clock this machine has. */
export async function measureRedisClock(redis: Pick<Redis, 'time'>): Promise<RedisClock> {
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs: systemClock.now, monotonicMs: () => performance.now() });
  await clock.measure();
  return clock;
}
