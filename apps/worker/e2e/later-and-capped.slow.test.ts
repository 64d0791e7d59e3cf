import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer, type Producer } from '@darkroom/producer';
import { createSubmissions } from '@darkroom/queues';
import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const order = { positivePrompt: 'a red door', width: 576, height: 1248 } as const;

let fleet: Fleet;
let producer: Producer;
let redis: ReturnType<typeof connectPatient>;
beforeAll(async () => {
  const caps = { DAILY_CAP_USD: '1', MONTHLY_CAP_USD: '2', TENANT_DAILY_CAP_USD: '0.1', TENANT_MONTHLY_CAP_USD: '0.2' };
  fleet = await startFleet({ workerEnv: caps });
  producer = createProducer({ redisUrl: fleet.redisUrl });
  redis = connectPatient(fleet.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await producer.close();
  await fleet.stop();
});

test('the caps of a worker apply to every producer', async () => {
  const retention = { recordSeconds: 60, idempotencySeconds: 60 };
  const store = buildGenerationStore({ prefix: fleet.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const caps = (await store.readSpend('acme')).map(({ capNanoUsd = 0 }) => capNanoUsd / 1e9);
  expect(caps).toEqual([1, 2, 0.1, 0.2]);
  await expect(producer.enqueue({ ...order, numberResults: 6 }, { tenant: 'acme' })).rejects.toMatchObject({
    code: 'spend.cap-reached',
    details: { period: expect.stringMatching(/^tenant:acme:day:/), capUsd: '0.1' },
  });
});

test('a generation for later is bought once and in time, although its job is promoted and worker and Redis are killed before', async () => {
  const [worker] = fleet.workers;
  const runAt = Date.now() + 5000;
  const { generationId } = await producer.enqueue(order, { runAt });

  const submissions = createSubmissions(redis, { prefix: fleet.prefix });
  await submissions.queue.promoteJobs();
  // The job ran, found that it is too early, and waits again.
  await eventually(async () => expect((await submissions.queue.getDelayed())[0]?.attemptsStarted).toBe(1));
  await submissions.close();
  expect(await producer.get(generationId)).toMatchObject({ status: 'queued', runAt, reservedUsd: '0' });

  await worker?.kill();
  await fleet.redis.kill();
  await fleet.redis.start();
  await worker?.start();

  const generation = await producer.wait(generationId, { timeoutMs: 30_000 });
  await expectOneOfEach(fleet, [generation]);
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
  const intent = await storage.findIntent({ generationId, index: 0, n: 1 }, 0);
  storage.close();
  expect(intent?.firstSentAt).toBeGreaterThanOrEqual(runAt);
});
