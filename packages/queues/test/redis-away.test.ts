import { eventually, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createSettlements, createSubmissions, jobIdOf } from '../src/index.ts';
import { newRef } from './world.ts';

/** Connects as a producer and a receiver do: no command waits for an absent Redis. */
function connectFailFast(url: string): Redis {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, retryStrategy: () => 50, disconnectTimeout: 200 });
  redis.on('error', () => undefined);
  return redis;
}

test('a fail-fast queue created while Redis is away refuses at once, and works once Redis is back', async () => {
  await using own = await reserveRedis();
  const connection = connectFailFast(own.url);
  const settings = { prefix: uniquePrefix(), failFast: true };
  const submissions = createSubmissions(connection, settings);
  const settlements = createSettlements(connection, settings);
  try {
    const ref = newRef();
    const startedAt = performance.now();
    await expect(submissions.add([ref])).rejects.toThrow();
    await expect(submissions.add([ref, newRef()])).rejects.toThrow();
    await expect(settlements.wake(ref)).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(500);

    await own.start();
    await eventually(() => submissions.add([ref]));
    expect(await submissions.queue.getJobState(jobIdOf(ref))).toBe('waiting');
    expect(await settlements.wake(ref)).toBe('ensured');

    await own.stop();
    await eventually(() => expect(connection.status).not.toBe('ready'));
    await expect(settlements.wake(ref)).rejects.toThrow();
    await own.start();
    await eventually(async () => expect(await settlements.wake(ref)).toBe('pending'));
  } finally {
    await Promise.all([submissions.close(), settlements.close()]);
    connection.disconnect();
  }
});

test('fail-fast queues close while Redis is away', async () => {
  await using own = await reserveRedis();
  const connection = connectFailFast(own.url);
  const submissions = createSubmissions(connection, { prefix: uniquePrefix(), failFast: true });
  await submissions.close();
  await submissions.close();
  connection.disconnect();
});
