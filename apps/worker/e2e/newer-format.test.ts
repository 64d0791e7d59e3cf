import { createObjectStorage } from '@darkroom/object-storage';
import { createEvents, createProducer, hasCode } from '@darkroom/producer';
import { countExecutions, eventually, readBilledTasks, runApp, startDashboard, startFleet, storesEnvironment } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

const WORDS = 'Redis holds a store of format 2, and this process knows formats up to 1: upgrade this process first';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('each process refuses a store of a later format in words, buys and queues nothing, and goes on when the number fits', async () => {
  const fleet = await startFleet({ erasers: 1 });
  const dashboard = await startDashboard(fleet);
  const redis = new Redis(fleet.redisUrl);
  const { redisUrl, prefix } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  onTestFinished(async () => {
    await producer.close();
    await dashboard.kill();
    redis.disconnect();
    await fleet.stop();
  });
  const setFormat = (number: number) => redis.set(`${prefix}:format`, String(number));
  const apps = [...fleet.workers, ...fleet.receivers, ...fleet.erasers, dashboard];
  const readiness = async (url: string) => {
    const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } });
    return { status: answer.status, body: await answer.text() };
  };
  const bought = async () => countExecutions(await readBilledTasks(fleet.billFile));
  const runAt = Date.now() + 3000;

  // queued, and not bought before the number rises
  const later = await producer.enqueue({ positivePrompt: 'a red door' }, { runAt, traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
  await setFormat(2);
  for (const { url } of apps)
    await eventually(
      async () => expect(await readiness(url)).toMatchObject({ status: 503, body: expect.stringContaining(WORDS) as unknown }),
      {
        withinMs: 8000,
      },
    );
  const refused = await producer.enqueue({ positivePrompt: 'a red door' }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'store.newer-format', details: { stored: '2', known: 1 } });
  await expect(producer.get(later.generationId)).rejects.toMatchObject({ code: 'store.newer-format' });
  const events = createEvents({ redisUrl, prefix, group: 'g' });
  await expect(events[Symbol.asyncIterator]().next()).rejects.toSatisfy((error) => hasCode(error, 'store.newer-format'));
  await events.close();
  const status = await runApp('cli', ['status'], storesEnvironment({ redisUrl, prefix, s3: fleet.s3Config }));
  expect(status).toMatchObject({ code: 1, output: expect.stringContaining(WORDS) as unknown });
  const paused = await fetch(`${dashboard.url}/queues/api/queues/pause`, { method: 'PUT', headers: { connection: 'close' } });
  expect({ status: paused.status, body: await paused.text() }).toMatchObject({
    status: 403,
    body: expect.stringContaining('upgrade the dashboard first') as unknown,
  });
  const now = async () => Number((await redis.time())[0]) * 1000;
  await eventually(async () => expect(await now()).toBeGreaterThan(runAt + 1000), { withinMs: 8000 });
  expect(await bought()).toBe(0);

  await setFormat(1);
  for (const { url } of apps) await eventually(async () => expect(await readiness(url)).toMatchObject({ status: 200 }), { withinMs: 8000 });
  expect(await producer.wait(later.generationId, { timeoutMs: 20_000 })).toMatchObject({ status: 'succeeded' });
  expect(await bought()).toBe(1);
  const log = (await fleet.workers[0]?.log()) ?? '';
  const sending = log.split('\n').find((line) => line.includes('"submission.sending"'));
  expect(sending, 'the lines of a purchase name its trace').toContain(`"traceId":"${TRACE}"`);
  expect(log.match(/"event":"redis.lost"/g), 'lines about it').toHaveLength(1);
  expect(log).not.toContain('run put back after an error');
}, 60_000);

test('a worker takes no jobs after Redis was lost and the bucket has a later format, and says so in words', async () => {
  const fleet = await startFleet();
  const redis = new Redis(fleet.redisUrl);
  const { redisUrl, prefix, s3Config: s3 } = fleet;
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 10_000, maxImageBytes: 1 }, { now: Date.now });
  onTestFinished(async () => {
    storage.close();
    redis.disconnect();
    await fleet.stop();
  });
  await storage.recordFormat(2, 0);
  await redis.flushall();
  await fleet.redis.kill();
  await fleet.redis.start();
  const words = WORDS.replace('Redis', 'the bucket');
  await eventually(
    async () => {
      const answer = await fetch(`${fleet.workers[0]?.url ?? ''}/readyz`, { headers: { connection: 'close' } });
      expect({ status: answer.status, body: await answer.text() }).toMatchObject({
        status: 503,
        body: expect.stringContaining(words) as unknown,
      });
    },
    { withinMs: 20_000 },
  );
  const rebuilt = await runApp('cli', ['rebuild'], storesEnvironment({ redisUrl, prefix, s3 }));
  expect(rebuilt).toMatchObject({ code: 1, output: expect.stringContaining(words) as unknown });
  expect(await redis.keys(`${prefix}:format`)).toEqual([]);
  const log = (await fleet.workers[0]?.log()) ?? '';
  expect(log.match(/"event":"store.foreign"/g), 'lines about it').toHaveLength(1);
}, 60_000);
