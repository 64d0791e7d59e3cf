import { isSupportedSize, sizes } from '@darkroom/contracts';
import { expect } from 'vitest';
import type { Rows } from './row.ts';
import { expectWhole, verified, type PageWorld } from './world.ts';

const positivePrompt = 'a lighthouse in the fog';

/** Compares each of the 13 sizes as requested, sent, recorded and decoded. */
async function allSizes(world: PageWorld, side: 'width' | 'height'): Promise<void> {
  const made = await world.makeAll(sizes.map((size) => ({ positivePrompt, ...size })));
  expect(made).toHaveLength(13);
  for (const [at, each] of made.entries()) {
    await expectWhole(world, each);
    const size = sizes[at]!;
    expect(verified(each.generation.images[0])[side]).toBe(size[side]);
    const sent = await world.sent(each.generation.images[0]!.taskUUID);
    expect(sent).toMatchObject(size);
    expect(sent).not.toHaveProperty('resolution');
    expect(each.generation.costUsd).toBe('0.02');
  }
}

/** The rows about the size. */
export const sizeRows: Rows = {
  'width: arrives in each of the 13 sizes': (world) => allSizes(world, 'width'),
  'height: arrives in each of the 13 sizes': (world) => allSizes(world, 'height'),

  'resolution: 1K gives one of the 13 sizes, and so does no resolution': async (world) => {
    const made = await world.makeAll([{ positivePrompt, resolution: '1K' }, { positivePrompt }]);
    for (const each of made) {
      await expectWhole(world, each);
      expect(each.generation.request.resolution).toBe('1K');
      expect(isSupportedSize(verified(each.generation.images[0]))).toBe(true);
      const sent = await world.sent(each.generation.images[0]!.taskUUID);
      expect(sent).toMatchObject({ resolution: '1K' });
      expect(sent).not.toHaveProperty('width');
    }
  },
};
