import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectBound, openUnread, startOpeningWorld, type OpeningWorld, type SomeLife } from './opening-world.ts';
import { runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD } from './world.ts';

let world: OpeningWorld;
beforeEach(async () => {
  world = await startOpeningWorld();
});
afterEach(() => world.stop());

describe('a store that is open and not all read', () => {
  let life: SomeLife;
  let truth: Map<string, number>;
  beforeEach(async () => {
    ({ life, truth } = await openUnread(world));
  });

  test('knows what is open and what came after the sums, and buys', async () => {
    expect(await world.store.find(life.underWay.generationId)).toMatchObject({ status: 'running' });
    expect(await world.store.find(life.late.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.store.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false });
    const [fresh] = await world.enqueue();
    await world.send(fresh);
    await expectBound(world, truth);
  });

  test('is closed for a process of an earlier version', async () => {
    expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(0);
    expect(await world.store.initialise('another')).toBe(false);
    expect((await world.store.readOwnership()).epoch).toBeTruthy();
  });

  test('has the epoch of a rebuild of an earlier version that ended meanwhile, before and after all is read', async () => {
    const { epoch: before } = await world.store.readOwnership();
    await world.redis.set(`${world.prefix}:epoch`, 'of an earlier version');
    const epochs = async () => [
      (await world.store.readOwnership()).epoch,
      await world.store.adoptOwner({ id: 'an owner', epoch: before ?? '' }),
    ];
    expect(await epochs()).toEqual(['of an earlier version', false]);
    expect(await world.readOn()).toMatchObject({ kind: 'open' });
    expect(await epochs()).toEqual(['of an earlier version', false]);
    expect(await world.store.adoptOwner({ id: 'an owner', epoch: 'of an earlier version' })).toBe(true);
  });

  test('refuses a key that it does not know, an id that is not read, and questions for it', async () => {
    const unavailable = { code: 'queue.unavailable', details: { reason: 'reading' } };
    const { request } = (await world.store.find(life.late.generationId))!;
    await expect(world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).rejects.toMatchObject(unavailable);
    await expect(world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'another' }))).rejects.toMatchObject(unavailable);
    const { generationId } = life.home;
    await expect(world.store.enqueue(world.newGeneration(1, { generationId, tenant: 'other' }))).rejects.toMatchObject(unavailable);
    await expect(world.store.find(generationId)).rejects.toMatchObject(unavailable);
    await expect(world.store.cancel(generationId)).rejects.toMatchObject(unavailable);
    expect(await world.store.findSubmissions(generationId)).toEqual([]);
    // What S3 does not know may be enqueued, and is not found before.
    const fresh = world.newGeneration();
    expect(await world.store.find(fresh.generationId)).toBeUndefined();
    expect(await world.store.enqueue(fresh)).toMatchObject({ kind: 'created' });
  });

  test('counts for every cap what it has not read', async () => {
    await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, tenantPerDay: 3 * IMAGE_NANO_USD });
    // Of "other" one is known by the sums alone.
    for (let at = 0; at < 2; at += 1) await world.enqueue(1, { tenant: 'other' });
    const spend = async (): Promise<unknown> =>
      (await world.store.readSpend('other')).find(({ name }) => name.startsWith('tenant:other:day:'));
    expect(await spend()).toMatchObject({ reservedNanoUsd: 2 * IMAGE_NANO_USD, unreadNanoUsd: IMAGE_NANO_USD });
    await expect(world.enqueue(1, { tenant: 'other' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await spend()).toMatchObject({ settledNanoUsd: IMAGE_NANO_USD, unreadNanoUsd: 0 });
    await expect(world.enqueue(1, { tenant: 'other' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
  });

  test('is as it was before when everything is read', async () => {
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    const { request } = (await world.store.find(life.keyed.generationId))!;
    expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(1);
    for (const key of ['reading', 'unread', 'read', 'unread-money', 'rebuild'])
      expect(await world.redis.exists(`${world.prefix}:${key}`), key).toBe(0);
    expect(await world.readBound()).toEqual(truth);
    expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).toMatchObject({
      kind: 'replayed',
      generationId: life.keyed.generationId,
    });
    expect(await world.store.find(life.home.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.readOn()).toBeUndefined();
    expect(await runRebuild(world)).toMatchObject({ kind: 'open', damaged: [] });
  });
});
