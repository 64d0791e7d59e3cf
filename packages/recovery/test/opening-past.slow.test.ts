import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OLD_MS, openOnly, startOpeningWorld, type OpeningWorld } from './opening-world.ts';

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
/** Time before which ended generations get no entry. */
const keptMs = MINUTE_MS;

let world: OpeningWorld;
beforeEach(async () => {
  world = await startOpeningWorld();
});
afterEach(() => world.stop());

/** Generations of yesterday and today that ended before the time that Redis keeps; then the sums. */
async function someHistory(): Promise<SubmissionRef[]> {
  const now = await world.store.readTime();
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const moments = [Math.max(now - 23 * HOUR_MS, midnight - 5 * MINUTE_MS), Math.min(now - OLD_MS, Math.max(midnight, now - HOUR_MS))];
  const refs: SubmissionRef[] = [];
  world.setAge(OLD_MS);
  for (const at of moments)
    for (const tenant of ['a', 'b']) {
      const [ref] = await world.enqueue(1, { generationId: createGenerationId(Math.min(at, now - OLD_MS)), tenant });
      await world.send(ref);
      await world.endOld(ref, 'succeeded');
      refs.push(ref);
    }
  world.setAge(0);
  await world.writeSums();
  return refs;
}

test('the money of each date is exact, and booked once, wherever a reader is killed', async () => {
  await someHistory();
  const truth = await world.readTruth();
  let isRead = false;
  for (let step = 0; !isRead; step += 1) {
    expect(step).toBeLessThan(30);
    await world.wipe();
    await openOnly(world, { keptMs });
    let steps = 0;
    /** Killed just before or just after a step. */
    const killAt =
      <Given extends unknown[], Reply>(work: (...given: Given) => Promise<Reply>) =>
      async (...given: Given): Promise<Reply> => {
        if (steps++ === step) throw new Error('killed');
        const reply = await work(...given);
        if (steps++ === step) throw new Error('killed');
        return reply;
      };
    const { reading } = world;
    const store = {
      beginPast: killAt(reading.beginPast),
      bookPastDate: killAt(reading.bookPastDate),
      holdBack: killAt(reading.holdBack),
      noteRead: killAt(reading.noteRead),
      endReading: killAt(reading.endReading),
    };
    const outcome = await world.readOn({ store }).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
      return undefined;
    });
    isRead = outcome?.kind === 'opened';
    if (!isRead) await world.readOn();
    expect(await world.reading.findReading()).toBeUndefined();
    expect(await world.readBound(), `killed at step ${step}`).toEqual(truth);
  }
});

test('no record of a date whose money is booked is read again', async () => {
  const refs = await someHistory();
  await world.wipe();
  await openOnly(world, { keptMs });
  const [newest, ...older] = (await world.storage.listRecordDates()).toReversed();
  const killed = {
    bookPastDate: async (...given: Parameters<OpeningWorld['reading']['bookPastDate']>) => {
      await world.reading.bookPastDate(...given);
      throw new Error('killed');
    },
  };
  await expect(world.readOn({ store: killed })).rejects.toThrow('killed');
  const read: string[] = [];
  const archive: ObjectStorage = {
    ...world.storage,
    findIntent: (ref, round) => {
      read.push(ref.generationId);
      return world.storage.findIntent(ref, round);
    },
  };
  expect(await world.readOn({ archive })).toMatchObject({ kind: 'opened' });
  const dateOf = (generationId: string): string =>
    new Date(parseInt(generationId.replaceAll('-', '').slice(0, 12), 16)).toISOString().slice(0, 10);
  const ofDates = (dates: readonly string[]): string[] =>
    refs.map(({ generationId }) => generationId).filter((generationId) => dates.includes(dateOf(generationId)));
  expect(read.toSorted()).toEqual(ofDates(older).toSorted());
  expect(ofDates([newest ?? '']).length).toBeGreaterThan(0);
});
