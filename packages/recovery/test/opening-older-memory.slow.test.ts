import { createGenerationId } from '@darkroom/contracts';
import { buildGenerationStore } from '@darkroom/generation-store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreForgotten } from '../src/index.ts';
import { OLD_MS, openOnly, someLife, startOpeningWorld, type OpeningWorld } from './opening-world.ts';
import { IMAGE_NANO_USD } from './world.ts';

const HOUR_MS = 3_600_000;

let world: OpeningWorld;
beforeEach(async () => void (world = await startOpeningWorld()));
afterEach(() => world.stop());

/** Two orders of two tenants, whose end is older than Redis keeps entries of this store. */
async function orderPast(): Promise<void> {
  world.setAge(OLD_MS);
  for (const tenant of ['a', 'b']) {
    const [ref] = await world.enqueueOld(1, { tenant });
    await world.send(ref);
    await world.endOld(ref, 'succeeded');
  }
  world.setAge(0);
  await world.writeSums();
}

/** Compares Redis with S3 as after a restart. */
async function compareAgain(): Promise<void> {
  await world.redis.del(`${world.prefix}:server-run`);
  const since = (await world.store.findCheckpoint())?.at;
  const compared = await world.store.readServerRun();
  await restoreForgotten(world.recovery, since === undefined ? {} : { since });
  expect(await world.store.confirmComparison(compared)).toBe(true);
}

test.each(['bookPastDate', 'noteRead', 'holdBack', 'restore'] as const)(
  'a reader begins again when Redis went back, and was compared, after its %s',
  async (step) => {
    await orderPast();
    const [unread] = await world.enqueueOld();
    await world.send(unread);
    await world.endOld(unread, 'succeeded');
    world.setAge(OLD_MS);
    const [first] = await world.enqueue(2, { generationId: createGenerationId(Date.now() - HOUR_MS) });
    await world.send(first);
    await world.endOld(first, 'succeeded');
    world.setAge(0);
    const truth = await world.readTruth();
    await world.wipe();
    await openOnly(world, { keptMs: 60_000 });
    const goBack = await world.snapshot();
    let times = 0;
    const back =
      <Given extends unknown[], Reply>(work: (...given: Given) => Promise<Reply>) =>
      async (...given: Given): Promise<Reply> => {
        const reply = await work(...given);
        times += 1;
        await goBack();
        await compareAgain();
        return reply;
      };
    const from = { ...world.store, ...world.reading };
    const outcome = await world.readOn({ store: { [step]: back(from[step] as (...given: unknown[]) => Promise<unknown>) } });
    expect({ outcome: outcome?.kind, times: times > 0 }).toEqual({ outcome: 'restarted', times: true });
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await world.readBound()).toEqual(truth);
  },
);

/** Opens a store that a rebuild reads on, with the store of a worker and the check that it notices a Redis that goes back to this moment. */
async function startReading() {
  await someLife(world);
  await world.wipe();
  await openOnly(world);
  const retention = { recordSeconds: 600, idempotencySeconds: 172_800 };
  const worker = buildGenerationStore({ prefix: world.prefix, retention, pollRate: { perSecond: 10, burst: 10 } }, world.redis);
  const goBack = await world.snapshot();
  const expectNoticed = async (): Promise<void> => {
    await worker.noteCheckpoint();
    expect(await worker.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false });
    await goBack();
    expect(await worker.readServerRun()).toMatchObject({ isOpen: true, isRecovering: true });
  };
  return { worker, expectNoticed };
}

test('while a rebuild reads on, a worker notices a Redis with an older memory under the same name', async () => {
  const { worker, expectNoticed } = await startReading();
  const { now } = await worker.readOwnership();
  await expect.poll(async () => (await worker.readOwnership()).now).toBeGreaterThan(now);
  await expectNoticed();
});

test('a worker that has seen the end of a reading notices a Redis that went back into it', async () => {
  const { expectNoticed } = await startReading();
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  await expectNoticed();
});

test('past money counts once between its booking and the end of the reading', async () => {
  await orderPast();
  const truth = await world.readTruth();
  await world.wipe();
  await openOnly(world, { keptMs: 60_000 });
  const killed = { endReading: () => Promise.reject(new Error('killed')) };
  await expect(world.readOn({ store: killed })).rejects.toThrow('killed');
  expect(await world.readBound()).toEqual(truth);
  const [month = ''] = [...truth.keys()].filter((period) => period.startsWith('all:month'));
  await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, allPerMonth: (truth.get(month) ?? 0) + IMAGE_NANO_USD });
  await expect(world.enqueue()).resolves.toBeDefined();
});

test('an old order that was bought again after the end is brought back when Redis goes back into the reading', async () => {
  world.setAge(OLD_MS);
  const [first, second] = await world.enqueue(2, { generationId: createGenerationId(Date.now() - HOUR_MS) });
  await world.send(first);
  await world.endOld(first, 'succeeded');
  world.setAge(0);
  await world.writeSums();
  await world.wipe();
  await openOnly(world, { keptMs: 60_000 });
  const goBack = await world.snapshot();
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  await world.send(second!);
  const truth = await world.readTruth();
  await goBack();
  await compareAgain();
  expect(await world.store.findSubmissions(first.generationId), 'its hold, before anything is bought').not.toHaveLength(0);
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  expect(await world.readBound()).toEqual(truth);
});
