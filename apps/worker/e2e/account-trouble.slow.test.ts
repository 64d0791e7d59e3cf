import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer, type Producer } from '@darkroom/producer';
import { createSubmissions } from '@darkroom/queues';
import { resumeByOperator } from '@darkroom/recovery';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const quick = { executionMs: [20, 60], uploadDelayMs: [20, 100] };
const retention = { recordSeconds: 60, idempotencySeconds: 60 };

let fleet: Fleet;
let producer: Producer;

beforeAll(async () => {
  fleet = await startFleet({ workers: 2 });
  producer = createProducer({ redisUrl: fleet.redisUrl });
});
afterEach(() => fleet.setFaults(quick));
afterAll(async () => {
  await producer.close();
  await fleet.stop();
});

const enqueue = async (count: number): Promise<string[]> => {
  const enqueued = await Promise.all(
    Array.from({ length: count }, (_, at) => producer.enqueue({ positivePrompt: `image ${at}`, width: 1024, height: 1024 })),
  );
  return enqueued.map(({ generationId }) => generationId);
};

for (const [trouble, fault] of Object.entries({
  'a wrong key (401)': 'submit401Rate',
  'an empty balance (402)': 'submit402Rate',
  'a missing permission (403)': 'submit403Rate',
})) {
  test(`${trouble} stops every worker from buying but not from asking; buying resumes by itself when the account is valid again`, async () => {
    const redis = connectPatient(fleet.redisUrl);
    const store = buildGenerationStore({ prefix: fleet.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    try {
      const billed = (await readBilledTasks(fleet.billFile)).size;
      // Bought before the trouble and still at the provider: these images come home all the same.
      await fleet.setFaults({ ...quick, executionMs: [2000, 2500] });
      const before = await enqueue(2);
      await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBe(billed + 2));
      await fleet.setFaults({ ...quick, [fault]: 1 });
      const during = await enqueue(24);
      await eventually(async () => expect((await store.heldWorkers()).map(({ kind }) => kind)).toEqual(['account', 'account']), {
        withinMs: 15_000,
      });
      // Each worker is not ready, and says why.
      const ready = await fetch(`${fleet.workerUrls[0]}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.text()).toContain('RUNWARE_API_KEY');
      const home = await Promise.all(before.map((id) => producer.wait(id, { timeoutMs: 15_000 })));
      expect(home.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
      expect((await producer.get(during[0]!)).images[0]?.status).toBe('open');

      await fleet.setFaults(quick);
      const generations = await Promise.all(during.map((id) => producer.wait(id, { timeoutMs: 20_000 })));
      expect(new Set(generations.map(({ status }) => status))).toEqual(new Set(['succeeded']));
      await eventually(async () => expect(await store.heldWorkers()).toEqual([]));
      expect(await store.pauses()).toEqual([]);
    } finally {
      redis.disconnect();
    }
  });
}

test('a worker that can buy lifts a pause because of the account that an older version left', async () => {
  const redis = connectPatient(fleet.redisUrl);
  const store = buildGenerationStore({ prefix: fleet.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  try {
    await store.pauseBuying({ kind: 'account', reason: 'invalidApiKey', since: Date.now() });
    const [id] = await enqueue(1);
    expect((await producer.wait(id!, { timeoutMs: 15_000 })).status).toBe('succeeded');
    expect(await store.pauses()).toEqual([]);
  } finally {
    redis.disconnect();
  }
});

test('a worker logs one line when the provider goes away and one when it returns, however many requests fail', async () => {
  await fleet.setFaults(quick);
  const told = async (event: string): Promise<number[]> =>
    Promise.all(fleet.workers.map(async (worker) => (await worker.log()).split(`"event":"${event}"`).length - 1));
  await fleet.emulator.kill();
  const during = await enqueue(4);
  await eventually(async () => expect((await told('provider.lost')).some((lines) => lines > 0)).toBe(true));
  await fleet.emulator.start();
  await fleet.setFaults(quick);
  // Each of the two workers asks the provider again, and so notices its return.
  const after = await enqueue(20);
  for (const id of [...during, ...after]) expect((await producer.wait(id, { timeoutMs: 20_000 })).status).toBe('succeeded');
  expect((await told('provider.lost')).every((lines) => lines <= 1)).toBe(true);
  expect(await told('provider.regained')).toEqual(await told('provider.lost'));
});

test('a pause of an operator stays until an operator resumes', async () => {
  const redis = connectPatient(fleet.redisUrl);
  const store = buildGenerationStore({ prefix: fleet.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
  try {
    await store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: Date.now() });
    const billed = [...(await readBilledTasks(fleet.billFile)).values()].reduce((sum, { executions }) => sum + executions, 0);
    const ids = await enqueue(2);
    // Several turns of the account check later the pause still stands, and each worker has logged it at most once.
    const submissions = createSubmissions(redis, { prefix: fleet.prefix });
    const looks = async () =>
      Math.max(...(await submissions.queue.getJobs(['waiting', 'prioritized'])).map(({ attemptsStarted }) => attemptsStarted));
    await eventually(async () => expect(await looks()).toBeGreaterThan(3), { withinMs: 15_000 });
    await submissions.close();
    expect(await store.pauses()).toMatchObject([{ kind: 'operator' }]);
    for (const worker of fleet.workers)
      expect((await worker.log()).split('"event":"submission.stopped"').length - 1).toBeLessThanOrEqual(1);
    expect(await resumeByOperator({ store, archive: storage })).toMatchObject({ kind: 'resumed' });
    await expectOneOfEach(fleet, await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 15_000 }))), billed);
  } finally {
    storage.close();
    redis.disconnect();
  }
});

test('a queue throttled by 429 with Retry-After slows down and loses nothing', async () => {
  const billed = [...(await readBilledTasks(fleet.billFile)).values()].reduce((sum, { executions }) => sum + executions, 0);
  await fleet.setFaults({ ...quick, submit429Rate: 0.4, submit429RetryAfterSeconds: 1 });
  const ids = await enqueue(8);
  // Less than the wait after a failed attempt: BullMQ puts a throttled job back and does not fail it.
  await expectOneOfEach(fleet, await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 25_000 }))), billed);
});

test('a worker buys each image once from an overloaded provider (503 and 504, some of them after it took the task)', async () => {
  const billed = [...(await readBilledTasks(fleet.billFile)).values()].reduce((sum, { executions }) => sum + executions, 0);
  await fleet.setFaults({ ...quick, submit503Rate: 0.3, submit504Rate: 0.2, submit5xxAcceptedRate: 0.5 });
  const ids = await enqueue(8);
  await expectOneOfEach(fleet, await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 60_000 }))), billed);
});
