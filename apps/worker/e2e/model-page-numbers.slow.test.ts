import { expect, test } from 'vitest';
import { expectWhole, request, startPageWorld } from './model-page/world.ts';

test('numberResults: from 1 to 20, each image has a purchase and a seed of its own', async () => {
  const world = await startPageWorld();
  try {
    const made = await world.makeAll(Array.from({ length: 20 }, (_, at) => ({ ...request, numberResults: at + 1 })));
    for (const [at, each] of made.entries()) {
      await expectWhole(world, each);
      const { images } = each.generation;
      expect(images).toHaveLength(at + 1);
      expect(new Set(images.map(({ seed }) => seed)).size).toBe(at + 1);
      expect(new Set(images.map(({ image }) => image?.sha256)).size).toBe(at + 1);
    }
    expect(await world.sent(made[19]!.generation.images[19]!.taskUUID)).toMatchObject({ numberResults: 1 });
  } finally {
    await world.stop();
  }
});
