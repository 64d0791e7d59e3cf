import { Redis } from 'ioredis';
import { uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { buildGenerationStore } from '../src/index.ts';
import { retention } from './world.ts';

test('only the first process that initialises a store writes its epoch', async () => {
  const redis = new Redis(inject('redisUrl'));
  try {
    const prefix = uniquePrefix();
    const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    expect(await store.isInitialised()).toBe(false);
    const answers = await Promise.all(['a', 'b', 'c'].map((epoch) => store.initialise(epoch)));
    expect(answers).toEqual([true, false, false]);
    expect(await store.isInitialised()).toBe(true);
    expect(await redis.get(`${prefix}:epoch`)).toBe('a');
  } finally {
    await redis.quit();
  }
});
