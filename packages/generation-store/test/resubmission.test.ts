import { describe, expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, nextOf, setup, setupAt, type SteadyWorld } from './world.ts';

test('after a proved failure the image is bought again under the next number, and its money is held when it is', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.settle(ref, ended(ref, 'failed', { costNanoUsd: 1_000_000 }))).toEqual({ kind: 'resubmit', n: 2 });
  expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'planned', failures: '1', held: 'due', periods: '' });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 1_000_000 });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open', submissions: 2 }] });
  await world.open(nextOf(ref));
  expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'committed', held: '1' });
  expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 1_000_000 });
});

test('a second settlement of the same failure gets the same next submission', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  const before = await world.keyspace();
  const again = await Promise.all(Array.from({ length: 10 }, () => world.store.settle(ref, ended(ref, 'failed'))));
  expect(again).toEqual(Array.from({ length: 10 }, () => ({ kind: 'resubmit', n: 2 })));
  expect(await world.keyspace()).toEqual(before);
});

test('the number of submissions of an image is limited', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  for (const n of [1, 2, 3]) {
    await world.send({ ...ref, n });
    const reply = await world.store.settle({ ...ref, n }, ended({ ...ref, n }, 'failed', { maxSubmissions: 3 }));
    expect(reply).toEqual(n < 3 ? { kind: 'resubmit', n: n + 1 } : { kind: 'settled' });
  }
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'failed', images: [{ status: 'failed', submissions: 3 }] });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
});

test('an id that a refusal used up does not count against the limit', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const burnt = { countsAsFailure: false, mayResubmit: true, maxSubmissions: 1 };
  await world.send(ref, 'throttled');
  await world.send(ref, 'conflict');
  expect(await world.store.settle(ref, ended(ref, 'failed', burnt))).toEqual({ kind: 'resubmit', n: 2 });
  expect(await world.submission(nextOf(ref))).toMatchObject({ failures: '0' });
});

test('a failure that buying again does not help ends the image', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.settle(ref, ended(ref, 'failed', { mayResubmit: false }))).toEqual({ kind: 'settled' });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'failed' });
});

test('nothing is bought again for a generation that was cancelled', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.cancel(ref.generationId);
  expect(await world.store.settle(ref, ended(ref, 'failed'))).toEqual({ kind: 'settled' });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
});

describe('under a cap that is reached', () => {
  const NOON = Date.UTC(2026, 10, 22, 12);
  const HOUR_MS = 3_600_000;
  const DAY = 'all:day:2026-11-22';

  /** An image whose first submission failed and cost something, and no room for another under the cap of the day. */
  async function failed({ world, ...given }: { world: SteadyWorld; deadlineAt?: number }) {
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
    const [ref] = await world.enqueue(1, given);
    await world.send(ref);
    expect(await world.store.settle(ref, ended(ref, 'failed', { costNanoUsd: 1 }))).toEqual({ kind: 'resubmit', n: 2 });
    expect(await world.store.commit(nextOf(ref), 't')).toEqual({ kind: 'stop', reason: 'cap', detail: DAY, waitMs: 12 * HOUR_MS });
    return ref;
  }

  test('it waits for the end of the period, and fails never', async () => {
    await using world = await setupAt(NOON);
    const ref = await failed({ world });
    expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'planned', held: 'due', sends: '0' });
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open' }], reservedUsd: '0' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: 1 });
    await world.setTime(NOON + 12 * HOUR_MS);
    await world.send(nextOf(ref));
    await world.store.settle(nextOf(ref), endedForGood(nextOf(ref), 'succeeded'));
    expect(await world.ledger()).toMatchObject({
      [DAY]: { reserved: 0, settled: 1 },
      'all:day:2026-11-23': { reserved: 0, settled: IMAGE_NANO_USD },
    });
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded', images: [{ submissions: 2 }] });
  });

  test('it is bought when the cap is raised', async () => {
    await using world = await setupAt(NOON);
    const ref = await failed({ world });
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD + 1 });
    await world.open(nextOf(ref));
    expect(await world.ledger()).toMatchObject({ [DAY]: { reserved: IMAGE_NANO_USD, settled: 1 } });
  });

  test('it can be cancelled: it is never bought, and nothing is on hold', async () => {
    await using world = await setupAt(NOON);
    const ref = await failed({ world });
    expect(await world.store.cancel(ref.generationId)).toBe('cancelled');
    await world.store.setCaps({ allPerDay: 10 * IMAGE_NANO_USD });
    expect(await world.store.commit(nextOf(ref), 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'failed' });
    expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'failed', code: 'generation.cancelled', held: '0', sends: '0' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: 1 });
    expect(await world.redis.zcard(`${world.prefix}:open`)).toBe(0);
  });

  test('it expires at its deadline, although the next period would have room', async () => {
    await using world = await setupAt(NOON);
    const ref = await failed({ world, deadlineAt: NOON + 12 * HOUR_MS });
    await world.setTime(NOON + 12 * HOUR_MS);
    expect(await world.store.commit(nextOf(ref), 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'failed' });
    expect(await world.store.find(ref.generationId)).toMatchObject({
      status: 'expired',
      images: [{ status: 'failed', submissions: 2, fault: { code: 'generation.expired' } }],
    });
    expect(await world.spent()).toEqual({ reserved: 0, settled: 1 });
    expect(await world.redis.zcard(`${world.prefix}:open`)).toBe(0);
  });

  test('it gives way to the image of the first submission that comes home after all', async () => {
    await using world = await setupAt(NOON);
    const ref = await failed({ world });
    await world.store.settle(ref, endedForGood(ref, 'succeeded'));
    expect(await world.store.commit(nextOf(ref), 't')).toEqual({ kind: 'stop', reason: 'never-bought', detail: 'succeeded' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  });
});

test('other generations may spend the money of a failure until the image is bought again', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  const [other] = await world.enqueue();
  expect(await world.store.commit(nextOf(ref), 't')).toMatchObject({ reason: 'cap' });
  await world.store.cancel(other.generationId);
  await world.open(nextOf(ref));
  expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
});
