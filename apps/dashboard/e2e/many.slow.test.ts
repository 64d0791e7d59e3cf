import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { eventually, startDashboard, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

const ORDERS = 160;

test('a retry of many whose dashboard is killed goes on in the next one, and retries nothing twice', async () => {
  const fleet = await startFleet({ workers: 1, faults: { failContentPolicyRate: 1 } });
  onTestFinished(() => fleet.stop());
  const { redisUrl, prefix } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  const redis = new Redis(redisUrl);
  onTestFinished(async () => {
    redis.disconnect();
    await producer.close();
  });
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const orders = await producer.enqueueMany(
    Array.from({ length: ORDERS }, () => ({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 })),
    { tags: ['summer'] },
  );
  for (const { generationId } of orders) await producer.wait(generationId, { timeoutMs: 120_000 });

  const first = await startDashboard(fleet);
  onTestFinished(() => first.kill());
  const post = async (url: string, path: string, fields: Record<string, string>): Promise<string> => {
    const answer = await fetch(url + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
    expect(answer.status).toBe(303);
    return answer.headers.get('location') ?? '';
  };
  const path = await post(first.url, '/generations/many', { act: 'retry', filter: 'tag=summer&code=provider.content-refused' });
  const id = path.split('/').at(-1) ?? '';
  const find = async () => (await store.findBulkAct(id))!;
  await eventually(async () =>
    expect(await find()).toMatchObject({ state: 'counted', countedImages: ORDERS, countedNanoUsd: ORDERS * 20_000_000 }),
  );
  await post(first.url, `${path}/retry`, { reason: 'the filter of the provider was wrong' });
  // behind a whole page, in the middle of the next
  await eventually(async () => expect((await find()).generations).toBeGreaterThan(0), { everyMs: 5 });
  await first.kill();
  const { generations: before, state } = await find();
  expect(state).toBe('changing');
  expect(before).toBeLessThan(ORDERS);

  const second = await startDashboard(fleet);
  onTestFinished(() => second.kill());
  await eventually(async () => expect(await find()).toMatchObject({ state: 'done' }), { withinMs: 60_000 });
  expect(await find()).toMatchObject({ generations: ORDERS, images: ORDERS, before: 0, failed: 0 });

  // every retry fails at once, so that a page that is taken again finds images that it could buy again
  const retries = (await producer.list({ limit: 1000 })).generations.filter(({ retryOf }) => retryOf !== undefined);
  expect(retries).toHaveLength(ORDERS);
  expect(new Set(retries.map(({ retryOf }) => retryOf))).toEqual(new Set(orders.map(({ generationId }) => generationId)));
});
