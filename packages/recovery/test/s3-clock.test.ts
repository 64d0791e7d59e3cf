import { COMPARED_MS, createGenerationId, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import { photograph } from '@darkroom/testing';
import { describe, expect, test } from 'vitest';
import { restoreForgotten } from '../src/index.ts';
import { setup } from './reconcile/world.ts';
import { nextOf, startWorld } from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

// Redis time is the time: when S3 says that it wrote something decides nothing.
describe.each([
  ['ten minutes ahead of', 10 * MINUTE_MS],
  ['ten minutes behind', -10 * MINUTE_MS],
  ['two days ahead of', 2 * DAY_MS],
  ['three days behind', -3 * DAY_MS],
])('a bucket whose clock is %s Redis time', (_, aheadMs) => {
  test('tells all that a Redis that went back has forgotten', async () => {
    const world = await startWorld(aheadMs);
    try {
      await world.begin();
      // Enqueued days ago, and bought only now: by a pause, or under its `runAt`.
      const [long] = await world.enqueue(1, {
        generationId: createGenerationId(Date.now() - GENERATION_ID_MAX_AGE_MS + 10 * MINUTE_MS),
      });
      const [sendForgotten] = await world.enqueue();
      const [endForgotten] = await world.enqueue();
      await world.send(endForgotten);
      const [resubmitted] = await world.enqueue();
      await world.send(resubmitted);
      const goBack = await photograph(world);
      const [enqueueForgotten] = await world.enqueue();
      for (const ref of [long, sendForgotten, enqueueForgotten]) await world.send(ref);
      await world.end(endForgotten, 'succeeded');
      await world.end(resubmitted, 'failed');
      await world.send(nextOf(resubmitted));
      await goBack();
      // Two days later, when the id of `long` is nearly three days old.
      const { restored } = await restoreForgotten({ ...world.recovery, now: () => Date.now() + COMPARED_MS });
      expect(restored).toContain(long.generationId);
      const again = await restoreForgotten(world.recovery);
      const all = [...restored, ...again.restored];
      const forgotten = [long, sendForgotten, endForgotten, enqueueForgotten, resubmitted].map(({ generationId }) => generationId);
      expect(all.toSorted()).toEqual(forgotten.toSorted());
      expect((await restoreForgotten(world.recovery)).restored).toEqual([]);
    } finally {
      await world.stop();
    }
  });

  test('tells a pass of the reconciler all the same what ended and was forgotten', async () => {
    await using world = await setup(aheadMs);
    const goBack = await photograph(world);
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.finish(ref);
    await goBack();
    expect((await world.pass()).summary).toEqual({ 'intent-without-record': '1 repaired' });
    expect((await world.store.find(ref.generationId))?.status).toBe('succeeded');
    expect((await world.pass()).summary).toEqual({});
  });
});
