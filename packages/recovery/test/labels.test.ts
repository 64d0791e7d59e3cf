import { afterEach, beforeEach, expect, test } from 'vitest';
import { runRebuild } from './run-rebuild.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
});
afterEach(() => world.stop());

test('a rebuild brings tags and metadata back, and the lists by tag with them', async () => {
  const [ref] = await world.enqueue(1, { tags: ['spring', 'shop 7'], metadata: { order: '4711' } });
  await world.send(ref);
  await world.end(ref, 'succeeded');
  const [plain] = await world.enqueue();
  await world.send(plain);
  await world.wipe();
  await runRebuild(world);
  expect(await world.store.find(ref.generationId)).toMatchObject({ tags: ['spring', 'shop 7'], metadata: { order: '4711' } });
  const { generations } = await world.store.list({ tag: 'shop 7' }, 10);
  expect(generations).toMatchObject([{ generationId: ref.generationId, tags: ['spring', 'shop 7'] }]);
  expect(await world.store.find(plain.generationId)).not.toHaveProperty('tags');
});
