import type { SubmissionRef } from '@darkroom/contracts';
import { resultKey } from '@darkroom/object-storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restoreGeneration } from '../src/index.ts';
import { takePicture } from './picture.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { nextOf, startWorld, type World } from './world.ts';

/** A bucket of its own for each: a rebuild brings back all of it. */
let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
});
afterEach(() => world.stop());

const run = (given?: Parameters<typeof runRebuild>[1], parts?: Parameters<typeof runRebuild>[2]) => runRebuild(world, given, parts);

describe('a generation that ended before the time for which Redis keeps it', () => {
  const later = { now: () => Date.now() + 20 * DAY_MS };

  /** Every way of ending for good; none of them would be bought again. */
  async function ended(): Promise<SubmissionRef[]> {
    const refs: SubmissionRef[] = [];
    for (const how of ['succeeded', 'lost', 'refused', 'failed'] as const) {
      const [ref] = await world.enqueue(1, { tenant: how, idempotencyKey: how });
      await world.send(ref);
      await world.end(ref, how);
      refs.push(ref);
    }
    const twice = nextOf(refs[3]!);
    await world.send(twice);
    await world.end(twice, 'failed');
    const [late] = await world.enqueue(1, { tenant: 'late' });
    await world.send(late);
    await world.end(late, 'failed');
    await world.send(nextOf(late));
    await world.end(late, 'succeeded', { amendment: true });
    await world.end(nextOf(late), 'succeeded');
    const [decided] = await world.enqueue(1, { tenant: 'decided' });
    await world.send(decided);
    const unknown = await world.end(decided, 'unknown');
    const decision = {
      ...unknown,
      status: 'failed' as const,
      costNanoUsd: 7,
      costSource: 'reported' as const,
      settledAt: unknown.settledAt + 1,
    };
    await world.storage.recordDecision(decision);
    await world.store.settle(decided, {
      result: decision,
      code: 'provider.task-failed',
      countsAsFailure: false,
      mayResubmit: false,
      maxSubmissions: 2,
    });
    return [...refs, late, decided];
  }

  const money = async (): Promise<Record<string, Record<string, string>>> => {
    const names = (await world.redis.keys(`${world.prefix}:spend:*`)).toSorted();
    const hashes = await Promise.all(names.map(async (name) => [name, await world.redis.hgetall(name)] as const));
    const sums = hashes.map(
      ([name, hash]) =>
        [
          name,
          Object.fromEntries(
            Object.entries(hash)
              .filter(([, sum]) => sum !== '0')
              .toSorted(),
          ),
        ] as const,
    );
    return Object.fromEntries(sums.filter(([, hash]) => Object.keys(hash).length > 0));
  };

  test('the money comes back to the last field of the ledger, once although two rebuild, and no entry', async () => {
    const refs = await ended();
    const before = await money();
    await world.wipe();
    const outcomes = await Promise.all([run({}, later), run({}, later)]);
    expect(outcomes).toContainEqual(
      expect.objectContaining({ kind: 'opened', done: expect.objectContaining({ generations: 0, past: 6, read: 18 }) as unknown }),
    );
    expect(await money()).toEqual(before);
    for (const { generationId } of refs) expect(await world.store.find(generationId)).toBeUndefined();
    for (const kind of ['generation', 'submission', 'idempotency', 'rebuild', 'open'])
      expect(await world.redis.keys(`${world.prefix}:${kind}*`)).toEqual([]);
  });

  test('a generation comes back whole if an image of it may still be bought, or an operator must decide', async () => {
    const enqueue = async (images = 1): Promise<SubmissionRef> => (await world.enqueue(images))[0];
    const [home, underWay, failed, unknown, half] = [
      await enqueue(),
      await enqueue(),
      await enqueue(),
      await enqueue(),
      await enqueue(2),
    ] as const;
    for (const ref of [home, underWay, failed, unknown, half]) await world.send(ref);
    await world.end(home, 'succeeded');
    await world.end(failed, 'failed');
    await world.end(unknown, 'unknown');
    await world.end(half, 'succeeded');
    const look = async () => {
      const pictures = await Promise.all([underWay, failed, unknown, half].map(({ generationId }) => takePicture(world, generationId)));
      return pictures.map(({ ledger: _ledger, ...picture }) => picture);
    };
    const before = await look();
    await world.wipe();
    expect(await run({}, later)).toMatchObject({ kind: 'opened', done: { generations: 4, past: 1 } });
    expect(await world.store.find(home.generationId)).toBeUndefined();
    expect(await look()).toEqual(before);
  });

  test('the money is booked once, whenever the rebuild is killed and begun again', async () => {
    await ended();
    const before = await money();
    await world.wipe();
    const dies = { ...world.store, finishRebuild: () => Promise.reject(new Error('killed')) };
    await expect(run({}, { ...later, store: dies })).rejects.toThrow('killed');
    expect(await money()).toEqual(before);
    // Of fewer days than have passed since, what was booked is taken back.
    await expect(run({ days: 16 }, { ...later, store: dies })).rejects.toThrow('killed');
    expect(await money()).toEqual({});
    expect(await run({}, later)).toMatchObject({ kind: 'opened' });
    expect(await money()).toEqual(before);
  });

  test('an entry that an earlier version brought back before it was killed keeps its money, which is not booked again', async () => {
    const refs = await ended();
    const before = await money();
    await world.wipe();
    await restoreGeneration(world.recovery, refs[0]!.generationId);
    expect(await run({}, later)).toMatchObject({ kind: 'opened', done: { generations: 1, past: 5 } });
    expect(await money()).toEqual(before);
  });

  test('nothing is booked while a damaged record keeps the store closed, and all of it when that is mended', async () => {
    const [home] = await ended();
    const before = await money();
    const text = JSON.stringify(await world.storage.findResult(home!));
    await world.plant(resultKey(home!), 'not json');
    await world.wipe();
    expect(await run({}, later)).toMatchObject({ kind: 'damaged', damaged: [{ generationId: home!.generationId }] });
    expect(await world.redis.keys(`${world.prefix}:spend:*`)).toEqual([]);
    await world.plant(resultKey(home!), text);
    expect(await run({}, later)).toMatchObject({ kind: 'opened', damaged: [] });
    expect(await money()).toEqual(before);
  });
});
