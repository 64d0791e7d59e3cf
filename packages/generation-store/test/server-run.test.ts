import { describe, expect, test } from 'vitest';
import { ended, newGeneration, nextOf, setup, type World } from './world.ts';

/** The key says that the memory of another run of the server was compared. */
const restarted = (world: World) => world.redis.set(`${world.prefix}:server-run`, 'another run');

test('a new store is compared from its beginning: there is nothing that it could have forgotten', async () => {
  await using world = await setup();
  const { run, memory, ...state } = await world.store.readServerRun();
  expect(memory).toMatch(/^1 \d{13}$/);
  expect(state).toEqual({ isOpen: true, isRecovering: false });
  expect(run).toMatch(/^\w{40}\/\w{40}$/);
});

test('a store without an epoch is not recovering by itself: it is to be rebuilt', async () => {
  await using world = await setup();
  await world.redis.del(`${world.prefix}:epoch`);
  const { run, memory, ...state } = await world.store.readServerRun();
  expect(state).toEqual({ isOpen: false, isRecovering: true });
  expect(await world.store.pauses()).toEqual([]);
  expect(await world.store.confirmComparison({ run, memory })).toBe(false);
});

describe('until the memory of this run was compared', () => {
  test('nothing is bought, and all who ask are told why', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await restarted(world);
    expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'recovering', detail: '' });
    expect(await world.store.pauses()).toMatchObject([{ kind: 'restart' }]);
    expect(await world.submission(ref)).toMatchObject({ status: 'planned', sends: '0' });
  });

  test('an unknown idempotency key is refused: the generation of its first use may have been bought', async () => {
    await using world = await setup();
    const known = newGeneration(1, { idempotencyKey: 'known' });
    await world.store.enqueue(known);
    await restarted(world);
    expect(await world.store.enqueue(newGeneration(1, { idempotencyKey: 'known' }))).toMatchObject({
      kind: 'replayed',
      generationId: known.generationId,
    });
    const other = newGeneration(1, { idempotencyKey: 'other' });
    await expect(world.store.enqueue(other)).rejects.toMatchObject({ code: 'queue.unavailable', reached: 'no', retryable: true });
    expect(await world.store.find(other.generationId)).toBeUndefined();
    await world.store.confirmComparison(await world.store.readServerRun());
    expect(await world.store.enqueue(other)).toMatchObject({ kind: 'created' });
  });

  test('an enqueue or a resubmission leaves its hold to the commit', async () => {
    await using world = await setup();
    const [failed] = await world.enqueue();
    await world.send(failed);
    await restarted(world);
    await world.store.setCaps({ allPerDay: 0 });
    const [ref] = await world.enqueue();
    expect(await world.submission(ref)).toMatchObject({ held: 'due', periods: '' });
    expect(await world.store.settle(failed, ended(failed, 'failed'))).toEqual({ kind: 'resubmit', n: 2 });
    expect(await world.submission(nextOf(failed))).toMatchObject({ held: 'due', periods: '' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
  });

  test('no deadline ends what may have been sent', async () => {
    await using world = await setup();
    const { generationId } = await world.store.enqueue(newGeneration(1, { deadlineAt: Date.now() + 60_000 }));
    await world.redis.hset(`${world.prefix}:generation:${generationId}`, 'deadlineAt', 1);
    await restarted(world);
    await world.store.beginSettlement({ generationId, index: 0, n: 1 });
    expect((await world.store.find(generationId))?.status).toBe('queued');
  });

  test('it is confirmed for this run and for no other', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await restarted(world);
    expect(await world.store.confirmComparison({ run: 'another run', memory: '' })).toBe(false);
    const { run, memory } = await world.store.readServerRun();
    expect(await world.store.confirmComparison({ run, memory })).toBe(true);
    expect(await world.store.readServerRun()).toMatchObject({ run, isOpen: true, isRecovering: false });
    expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'go' });
  });
});

describe('the checkpoint', () => {
  const KEY = (world: World) => `${world.prefix}:checkpoint`;
  const HOUR_MS = 3_600_000;

  test('is written while nothing may be forgotten, and not until the memory of a run was compared', async () => {
    await using world = await setup();
    const earlier = Date.now() - 2 * HOUR_MS;
    await world.redis.hset(KEY(world), 'at', earlier);
    await world.store.noteCheckpoint();
    expect((await world.store.findCheckpoint())?.ageMs).toBeLessThan(HOUR_MS);
    await restarted(world);
    await world.redis.hset(KEY(world), 'at', earlier);
    await world.store.noteCheckpoint();
    expect(await world.store.findCheckpoint()).toMatchObject({ at: earlier });
    await world.store.confirmComparison(await world.store.readServerRun());
    expect((await world.store.findCheckpoint())?.ageMs).toBeLessThan(HOUR_MS);
  });

  test('counts as none when there is none, when it lies ahead of Redis time, and while an earlier version may run beside', async () => {
    await using world = await setup();
    expect(await world.store.findCheckpoint()).toBeDefined();
    await world.redis.hset(KEY(world), 'at', Date.now() + HOUR_MS);
    expect(await world.store.findCheckpoint()).toBeUndefined();
    // a store of an earlier version
    await world.redis.del(KEY(world));
    expect(await world.store.findCheckpoint()).toBeUndefined();
    await world.store.noteCheckpoint();
    expect(await world.store.findCheckpoint()).toBeUndefined();
    await world.redis.hset(KEY(world), 'since', Date.now() - HOUR_MS - 1000);
    await world.store.noteCheckpoint();
    expect(await world.store.findCheckpoint()).toBeDefined();
  });
});
