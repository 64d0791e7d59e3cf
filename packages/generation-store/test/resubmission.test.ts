import { expect, test } from 'vitest';
import { ended, IMAGE_NANO_USD, nextOf, setup } from './world.ts';

test('after a proved failure the image is bought again under the next number, with a hold of its own', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.settle(ref, ended(ref, 'failed', { costNanoUsd: 1_000_000 }))).toEqual({ kind: 'resubmit', n: 2 });
  expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'planned', failures: '1', held: '1' });
  expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 1_000_000 });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open', submissions: 2 }] });
});

test('whoever settles the same failure again learns of the same next submission', async () => {
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

test('a cap that is reached ends the image instead of buying it again', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  expect(await world.store.settle(ref, ended(ref, 'failed', { costNanoUsd: 1 }))).toEqual({ kind: 'settled' });
  expect(await world.submission(nextOf(ref))).toEqual({});
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'failed',
    images: [{ status: 'failed', submissions: 1, fault: { code: 'spend.cap-reached' } }],
  });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 1 });
});
