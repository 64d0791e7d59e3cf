import { createDraws } from '@darkroom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectBound, OLD_MS, openOnly, startOpeningWorld, type OpeningWorld } from './opening-world.ts';
import { nextOf } from './world.ts';

let world: OpeningWorld;
beforeEach(async () => {
  world = await startOpeningWorld();
});
afterEach(() => world.stop());

/**
 * A life in which each submission went its own way, some of it before the sums and some after them, and some of that unheard by Redis. Of
 * every other seed all is over before the sums, which tell nothing too much then.
 */
async function anyLife(seed: number): Promise<void> {
  const draws = createDraws(seed);
  const isOver = seed % 2 === 0;
  const live = async (name: string, isOld: boolean): Promise<void> => {
    const given = draws.of(name);
    world.setAge(isOld ? OLD_MS : 0);
    const options = { agoMs: isOld ? 3_600_000 : 0, forgotten: !isOld && given.chance('forgotten', 0.3) };
    const tenant = { tenant: given.pick('tenant', ['a', 'b']) };
    const images = given.between('images', 1, 2);
    const refs = await (isOld ? world.enqueueOld(images, tenant) : world.enqueue(images, tenant));
    for (const ref of refs) {
      const own = given.of(ref.index);
      if (!isOver && own.chance('unsent', 0.15)) continue;
      await world.send(ref);
      const ends = ['succeeded', 'failed', 'failed', 'refused', 'lost'] as const;
      const how = own.pick('end', isOver ? ends : ([...ends, 'unknown', undefined] as const));
      if (how === undefined) continue;
      await world.end(ref, how, options);
      const later = own.pick('later', ['amended', 'decided', 'again', 'amended after the sums', undefined] as const);
      const amendedLater = !isOver && later === 'amended after the sums';
      if (amendedLater) world.setAge(0);
      const after = amendedLater ? { ...options, agoMs: 0 } : options;
      if (how !== 'succeeded' && (later === 'amended' || amendedLater)) await world.end(ref, 'succeeded', { ...after, amendment: true });
      if (how === 'unknown' && later === 'decided')
        await world.end(ref, own.pick('decided', ['failed', 'lost']), { ...options, decision: true });
      if (how === 'failed' && later === 'again' && !options.forgotten) {
        await world.send(nextOf(ref));
        if (isOver || own.chance('second end', 0.7)) await world.end(nextOf(ref), own.pick('second', ['succeeded', 'failed']), options);
      }
    }
  };
  for (let at = 0; at < 8; at += 1) await live(`before ${at}`, true);
  world.setAge(0);
  await world.writeSums();
  for (let at = 0; at < (isOver ? 0 : 4); at += 1) await live(`after ${at}`, false);
}

test.each([1, 2, 3, 4])('at no moment a cap counts less than was bought, wherever a reader dies and Redis goes back (%i)', async (seed) => {
  await anyLife(seed);
  const draws = createDraws(seed, 'reading');
  const truth = await world.readTruth();
  await world.wipe();
  await openOnly(world);
  await expectBound(world, truth);
  let steps = 0;
  let goBack: (() => Promise<void>) | undefined;
  for (let tries = 0; (await world.reading.findReading()) !== undefined; tries += 1) {
    expect(tries).toBeLessThan(60);
    const stop = new AbortController();
    const looked = async <Reply>(work: Promise<Reply>): Promise<Reply> => {
      const reply = await work;
      steps += 1;
      await expectBound(world, truth);
      // Killed here: nothing of this reader comes after it.
      if (draws.chance(`dies ${steps}`, 0.15)) throw new Error('killed');
      return reply;
    };
    const store = {
      restore: (...given: Parameters<OpeningWorld['store']['restore']>) => looked(world.store.restore(...given)),
      settle: (...given: Parameters<OpeningWorld['store']['settle']>) => looked(world.store.settle(...given)),
      noteRead: (...given: Parameters<OpeningWorld['reading']['noteRead']>) => looked(world.reading.noteRead(...given)),
      endReading: (...given: Parameters<OpeningWorld['reading']['endReading']>) => looked(world.reading.endReading(...given)),
    };
    await world.readOn({ store, signal: stop.signal }).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
    });
    if (draws.chance(`goes back ${tries}`, 0.2)) await goBack?.();
    await expectBound(world, truth);
    if (draws.chance(`keeps ${tries}`, 0.5) && (await world.reading.findReading()) !== undefined) goBack = await world.snapshot();
  }
  expect(Object.fromEntries(await world.readBound())).toEqual(expect.objectContaining(Object.fromEntries(truth)));
});
