import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { endedAs, retryOf } from './retry-world.ts';
import { newGeneration, setupAt } from './world.ts';

const NOW = Date.UTC(2026, 10, 29, 12);

test('an enqueue and a retry say since when no worker was seen, until one gives a sign of life', async () => {
  await using world = await setupAt(NOW);
  const { store } = world;
  const one = newGeneration(1, { generationId: createGenerationId(NOW), idempotencyKey: 'order-1' });
  const since = async (): Promise<(number | undefined)[]> => {
    const first = await store.enqueue(one);
    const replayed = await store.enqueue({ ...one, generationId: createGenerationId(NOW) });
    const fresh = await store.enqueue(newGeneration(1, { generationId: createGenerationId(NOW) }));
    return [first, replayed, fresh].map(({ noWorkerSince }) => noWorkerSince);
  };
  expect(await since(), 'none was ever seen').toEqual([0, 0, 0]);
  await store.noteWorkerSeen();
  expect([await store.readWorkerSeen(), await store.findNoWorkerSince()]).toEqual([NOW, undefined]);
  await world.setTime(NOW + 30_000);
  expect(await since()).toEqual([undefined, undefined, undefined]);
  await world.setTime(NOW + 30_001);
  expect(await since()).toEqual([NOW, NOW, NOW]);
  expect(await store.findNoWorkerSince()).toBe(NOW);
  const original = await endedAs(world, 'failed');
  expect(await retryOf(world, original, { generationId: createGenerationId(NOW) })).toMatchObject({ kind: 'created', noWorkerSince: NOW });
  await world.setTime(NOW - 120_000);
  expect(await store.findNoWorkerSince(), 'a sign that lies ahead is of a clock that went back').toBe(NOW);
});
