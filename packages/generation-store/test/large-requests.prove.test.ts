import { createGenerationId, parseGrokImagineRequest, type GrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildGenerationStore } from '../src/index.ts';
import { ended, imageOf, retention } from './world.ts';

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
  // The commands beside a rewrite of the log take longer.
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  const prefix = '{large}';
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: 1e15 });
  await store.initialise('epoch-1');
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
        await redis.hdel(`${prefix}:generation:${generationId}`, 'outline', 'expected');
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
    await step('pollTurn', (ref) => store.takePollTurn(ref, { leg: 'settle', questions: 1 }));
    await step('look', (ref) => store.recordLook(ref, 'known'));
    await step('question', (ref) => store.recordQuestion(ref, { seq: 1, againInMs: 1000 }));
    await step('facts', (ref) => store.recordFacts(ref, { seed: 7 }));
    await step('missingImage', (ref) => store.recordMissingImage(ref, { maxGapMs: 1000 }));
    await step('keptImage', (ref) => store.recordKeptImage(ref, imageOf(ref), true));
    await step('settle', (ref) => store.settle(ref, ended(ref, 'succeeded')));
    await step('cancel', ({ generationId }) => store.cancel(generationId));
    await step('comparison', (ref) => store.findForgotten([{ ...ref, round: 0, end: 'result' }]));
    return figures;
  };

  try {
    await measure(1000, false); // scripts are loaded
    const small = await measure(1000, false);
    const apart = await measure(250_000, false);
    const inside = await measure(250_000, true);
    const row = (name: string, ...cells: (string | number | undefined)[]): string =>
      [name, ...cells].map((cell) => String(cell).padEnd(15)).join(' ');
    const rows = Object.keys(small).map((name) => row(name, small[name], apart[name], inside[name]));
    process.stdout.write(['', row('microseconds', '1 KB', '250 KB', '250 KB inside the entry (earlier versions)'), ...rows, ''].join('\n'));
    const needRequest = new Set(['enqueue', 'commit']);
    for (const name of Object.keys(small).filter((each) => !needRequest.has(each)))
      expect(apart[name], name).toBeLessThan(1.5 * (small[name] ?? 0) + 50);
  } finally {
    redis.disconnect();
  }
});
