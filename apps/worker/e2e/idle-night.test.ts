import { fileURLToPath } from 'node:url';
import { reserveRedis, startTestS3 } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { environmentOf, s3At, startProcess } from './life/app-process.ts';

const shiftClock = fileURLToPath(new URL('life/shift-clock.mjs', import.meta.url));

async function setup() {
  const redis = await reserveRedis();
  await redis.start();
  const s3 = await startTestS3();
  const asked = new Redis(redis.url);
  onTestFinished(async () => {
    asked.disconnect();
    await redis[Symbol.asyncDispose]();
    await s3.stop();
  });
  return { asked, environment: environmentOf('worker', redis.url, s3At(s3.endpoint, s3.credentials, s3.bucket)) };
}

test('a worker without a job lives through a night of twelve hours', async () => {
  const { environment } = await setup();
  const running = await startProcess('worker', environment, ['--import', shiftClock]);
  await running.untilReady();
  for (let hour = 1; hour <= 12; hour += 1) {
    running.signal('SIGUSR2');
    expect(await running.get('/livez')).toEqual({ status: 200, body: { live: true } });
  }
  // The process sees the moved clock, too.
  await running.end('SIGTERM');
  const times = running.lines().map(({ time }) => Date.parse(String(time)));
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(11 * 3_600_000);
});

test('a worker on a Redis that evicts is not ready and names the cure, until the setting is correct', async () => {
  const { asked, environment } = await setup();
  await asked.config('SET', 'maxmemory-policy', 'volatile-lru');
  const running = await startProcess('worker', environment);
  await running.untilLine({ event: 'redis.setup', kind: 'eviction', level: 'error', cure: expect.stringContaining('noeviction') });
  expect((await running.readiness()).checks['redis-setup']).toContain('set it to noeviction');
  await asked.config('SET', 'maxmemory-policy', 'noeviction');
  await running.untilReady();
  expect(await running.end('SIGTERM')).toMatchObject({ code: 0 });
  running.lines();
});
