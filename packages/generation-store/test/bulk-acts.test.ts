import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { bulkActKey } from '../src/keys.ts';
import { setup } from './world.ts';

test('an act under way stays however long no dashboard runs, and one that ended goes after a week', async () => {
  await using world = await setup();
  const { store, redis, prefix } = world;
  const id = createGenerationId(Date.now());
  const seconds = (): Promise<number> => redis.ttl(bulkActKey(prefix, id));
  await store.addBulkAct(id, { kind: 'cancel', filter: 'tag=summer', createdBefore: 1, who: 'ann' });
  expect(await seconds()).toBeGreaterThan(365 * 86_400);
  await store.stepBulkAct(id, ['counting'], { state: 'counted' });
  expect(await seconds()).toBeLessThanOrEqual(7 * 86_400);
  await store.stepBulkAct(id, ['counted'], { state: 'changing' });
  expect(await seconds()).toBeGreaterThan(365 * 86_400);
  expect(await store.listBulkActsUnderWay()).toEqual([id]);
  await store.stepBulkAct(id, ['changing'], { state: 'done' });
  expect([await store.listBulkActsUnderWay(), (await seconds()) <= 7 * 86_400]).toEqual([[], true]);
});
