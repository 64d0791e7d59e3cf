import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, imageOf, nextOf, setup } from './world.ts';

test('an image that comes home after its failure is kept, and its cost is counted once', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'failed', { costNanoUsd: 5_000_000 }));
  expect(await world.store.settle(ref, ended(ref, 'succeeded'))).toEqual({ kind: 'settled' });
  expect(await world.store.settle(ref, ended(ref, 'succeeded'))).toEqual({ kind: 'already' });
  expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'failed',
    amended: true,
    costUsd: '0.02',
    images: [{ status: 'succeeded', image: imageOf(ref), costUsd: '0.02' }],
  });
});

test.each(['unknown', 'lost'] as const)('an image that comes home after "%s" settles the money that is left', async (status) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.store.settle(ref, ended(ref, status));
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  expect(await world.store.find(ref.generationId)).toMatchObject({ amended: true, images: [{ status: 'succeeded' }] });
});

test('an image of a generation that was cancelled meanwhile is kept beside its status', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.cancel(ref.generationId);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'cancelled', amended: true, images: [{ status: 'succeeded' }] });
});

test('a second paid image of one index is an extra, and both are counted', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  await world.send(nextOf(ref));
  await world.store.settle(nextOf(ref), ended(nextOf(ref), 'succeeded'));
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.spent()).toEqual({ reserved: 0, settled: 2 * IMAGE_NANO_USD });
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'succeeded',
    amended: true,
    costUsd: '0.04',
    images: [{ status: 'succeeded', image: imageOf(nextOf(ref)), extras: [imageOf(ref)], costUsd: '0.04' }],
  });
});

test('the first submission may win while the second is still planned, which is then not bought', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded', images: [{ image: imageOf(ref) }] });
  expect(await world.store.commit(nextOf(ref), 't')).toMatchObject({ kind: 'stop', reason: 'never-bought' });
  await world.store.settle(nextOf(ref), endedForGood(nextOf(ref), 'failed', { code: 'submission.superseded' }));
  expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'succeeded',
    images: [{ status: 'succeeded', image: imageOf(ref) }],
  });
});

test.each(['cancel', 'deadline'] as const)('a %s leaves an image that came home late as it is', async (how) => {
  await using world = await setup();
  const [late, open] = await world.enqueue(2);
  await world.send(late);
  await world.store.settle(late, ended(late, 'failed'));
  await world.store.settle(late, ended(late, 'succeeded'));
  if (how === 'cancel') {
    await world.store.cancel(late.generationId);
  } else {
    await world.redis.hset(`${world.prefix}:generation:${late.generationId}`, 'deadlineAt', '1');
    await world.store.beginSettlement(open!);
  }
  expect(await world.store.find(late.generationId)).toMatchObject({
    status: how === 'cancel' ? 'cancelled' : 'expired',
    reservedUsd: '0',
    images: [{ status: 'succeeded', image: imageOf(late) }, { status: 'failed' }],
  });
});
