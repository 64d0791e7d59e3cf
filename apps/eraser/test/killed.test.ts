import { expect, test } from 'vitest';
import { sweepErasures } from '../src/sweep-erasures.ts';
import { setup, type World } from './world.ts';

type Parts = ReturnType<World['buildParts']>;

/** Dies at the k-th call: before it reaches the other side, or after, when only the answer is lost. */
function dyingAt(world: World, k: number, isAfter: boolean): { parts: Parts; calls: () => number } {
  let calls = 0;
  const dying = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const own = Reflect.get(target, name) as unknown;
        if (typeof own !== 'function') return own;
        return async (...given: unknown[]) => {
          calls += 1;
          const isLast = calls === k;
          if (calls > k) throw new Error('dead');
          if (isLast && !isAfter) throw new Error('killed');
          const answer: unknown = await Reflect.apply(own, target, given);
          if (isLast) throw new Error('killed');
          return answer;
        };
      },
    });
  const { store, storage, ...rest } = world.buildParts();
  return { parts: { store: dying(store), storage: dying(storage), ...rest }, calls: () => calls };
}

test(
  'killed at each of its requests, before and after it, the eraser of the next start erases everything once',
  { timeout: 120_000 },
  async () => {
    const world = await setup();
    await world.open();
    let isWhole = false;
    for (let k = 1; !isWhole; k += 1) {
      for (const isAfter of [false, true]) {
        const { generationId } = await world.buy();
        await world.store.requestErasure(generationId, false);
        const { parts, calls } = dyingAt(world, k, isAfter);
        const end = await sweepErasures(parts).then(
          () => 'whole',
          () => 'killed',
        );
        isWhole = end === 'whole' && calls() < k;
        await sweepErasures(dyingAt(world, Infinity, false).parts);
        expect(await world.findSecrets(), `killed at request ${k}`).toEqual([]);
        expect(await world.store.findErasure(generationId)).toMatchObject({ erasedAt: expect.any(Number) });
        expect(await world.countErased(generationId)).toBe(1);
      }
      expect(k).toBeLessThan(30);
    }
  },
);
