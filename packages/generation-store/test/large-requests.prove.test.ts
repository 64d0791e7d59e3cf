import { createGenerationId, parseGrokImagineRequest, type GrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { createRedisMeter, reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildGenerationStore } from '../src/index.ts';
import { ended, retention } from './world.ts';

const TIMES = 300;
const requestOf = (bytes: number): GrokImagineRequest =>
  parseGrokImagineRequest({
    positivePrompt: 'p'.repeat(700),
    ...(bytes > 2000 ? { inputs: { referenceImages: [`data:image/png;base64,${'A'.repeat(bytes)}`] } } : {}),
  });

test('a script costs as much for a request of 250 KB as for one of 1 KB, unless it needs the request', async () => {
  await using own = await reserveRedis({ appendfsync: 'everysec' });
  await own.start();
  const redis = new Redis(own.url);
  const prefix = '{large}';
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: 1e15 });
  await store.initialise('epoch-1');
  const meter = createRedisMeter(redis);
  let last = Date.now() - 1_000_000;

  /** Microseconds of Redis for each script, by step. */
  const measure = async (bytes: number, isOldForm: boolean): Promise<Record<string, number>> => {
    const request = requestOf(bytes);
    const refs = Array.from({ length: TIMES }, (): SubmissionRef => ({ generationId: createGenerationId((last += 1)), index: 0, n: 1 }));
    const figures: Record<string, number> = {};
    const step = async (name: string, act: (ref: SubmissionRef) => Promise<unknown>): Promise<void> => {
      await redis.config('RESETSTAT');
      for (const ref of refs) await act(ref);
      const stats = await redis.info('commandstats');
      figures[name] = Math.round(Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(stats)?.[1]) / TIMES);
    };
    await step('enqueue', ({ generationId }) => store.enqueue({ generationId, tenant: 'default', request, imageNanoUsd: 20_000_000 }));
    if (isOldForm) {
      for (const { generationId } of refs) {
        await redis.hset(`${prefix}:generation:${generationId}`, 'request', JSON.stringify(request));
        await redis.hdel(`${prefix}:generation:${generationId}`, 'outline');
      }
    }
    await store.pauseBuying({ kind: 'operator', reason: 'x', since: 0 });
    await step('commitStopped', (ref) => store.commit(ref, 'token'));
    await store.resumeBuying(['operator']);
    await step('find', ({ generationId }) => store.find(generationId, request));
    await step('commit', (ref) => store.commit(ref, 'token'));
    await step('verdict', (ref) => store.recordVerdict(ref, 1, 'accepted'));
    await step('delivery', (ref) => store.recordDelivery(ref, { body: '{}' }));
    await step('beginSettlement', (ref) => store.beginSettlement(ref));
    await step('settle', (ref) => store.settle(ref, ended(ref, 'succeeded')));
    return figures;
  };

  try {
    await measure(1000, false); // scripts are loaded
    const small = await measure(1000, false);
    const apart = await measure(250_000, false);
    const inside = await measure(250_000, true);
    meter.add('1 KB, us', small);
    meter.add('250 KB, us', apart);
    meter.add('250 KB inside the entry (earlier versions), us', inside);
    meter.print();
    for (const name of ['commitStopped', 'find', 'verdict', 'delivery', 'beginSettlement', 'settle'])
      expect(apart[name], name).toBeLessThan(1.5 * (small[name] ?? 0) + 20);
  } finally {
    redis.disconnect();
  }
});
