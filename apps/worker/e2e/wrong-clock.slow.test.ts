import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { createWrongClock, eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const DAY_MS = 86_400_000;
const order = { positivePrompt: 'a red door', width: 1280, height: 896 } as const;
const isReady = async (url: string): Promise<unknown> => ((await (await fetch(`${url}/readyz`)).json()) as { ready: unknown }).ready;
const urlsOf = (fleet: Fleet): string[] => [...fleet.workerUrls, fleet.receiverUrl];
const becomes = (fleet: Fleet, ready: boolean) =>
  eventually(async () => expect(await Promise.all(urlsOf(fleet).map(isReady))).toEqual(urlsOf(fleet).map(() => ready)));

describe.skipIf(inject('redisKind') === 'js').each([
  ['ahead', 4 * DAY_MS],
  ['behind', -4 * DAY_MS],
])('processes whose clock leaps four days %s', (_, aheadMs) => {
  test('are not ready, buy nothing, take deliveries, and still restore what Redis lost when it went back', async () => {
    await using clock = await createWrongClock(0);
    // The cap allows three images of the price list.
    const fleet = await startFleet({ env: clock.env, workerEnv: { DAILY_CAP_USD: '0.06' }, faults: { executionMs: [1500, 1500] } });
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const redis = connectPatient(fleet.redisUrl);
    const retention = { recordSeconds: 60, idempotencySeconds: 60 };
    const store = buildGenerationStore({ prefix: fleet.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    try {
      const putBack = await fleet.redis.copyData();
      const bought = await producer.enqueueMany([order, order]);
      await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBe(2));
      await clock.set(aheadMs);
      await becomes(fleet, false);
      // The capabilities of submissions under way are valid by Redis time.
      await eventually(async () => expect((await fleet.receivers[0]?.log())?.match(/delivery taken/g) ?? []).not.toHaveLength(0));
      const waiting = await producer.enqueue(order);

      await fleet.redis.kill();
      await putBack();
      await fleet.redis.start();
      await eventually(async () => expect(await store.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false }));
      for (const { generationId } of bought) expect((await producer.get(generationId)).status, 'found in S3').not.toBe('queued');
      await producer.enqueue(order, { generationId: waiting.generationId });
      await expect(producer.enqueue(order)).rejects.toMatchObject({ code: 'spend.cap-reached' });
      expect((await readBilledTasks(fleet.billFile)).size, 'a worker with a wrong clock buys nothing').toBe(2);
      const [worker] = fleet.workers;
      expect((await worker?.log())?.match(/clock\.wrong/g)).toHaveLength(1);

      await clock.set(0);
      await becomes(fleet, true);
      const all = [...bought, waiting].map(({ generationId }) => producer.wait(generationId, { timeoutMs: 30_000 }));
      await expectOneOfEach(fleet, await Promise.all(all));
    } finally {
      redis.disconnect();
      await producer.close();
      await fleet.stop();
    }
  });
});
