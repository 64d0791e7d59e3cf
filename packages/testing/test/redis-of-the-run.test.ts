import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';

test('every test file finds the private Redis of the run', async () => {
  const redis = new Redis(inject('redisUrl'));
  try {
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await redis.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  } finally {
    await redis.quit();
  }
});
