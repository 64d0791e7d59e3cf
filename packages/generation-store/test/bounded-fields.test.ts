import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { endedForGood, setup } from './world.ts';

test('intents that could not be written leave a bounded note, however long S3 is away', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  for (let tried = 0; tried < 60; tried += 1) {
    const { send } = await world.open(ref);
    expect(await world.store.recordVerdict(ref, send, 'no-intent')).toBe('planned');
  }
  const noted = ((await world.submission(ref))['unsentAt'] ?? '').trim().split(' ');
  expect(noted).toHaveLength(50);
  expect(
    noted.every((at) => /^\d{13}$/.test(at)),
    'whole times',
  ).toBe(true);
  expect(await world.send(ref)).toBe('accepted');
});

test('an unknown outcome without a record keeps none of the others from being told', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'unknown'));
  const unknown = `${world.prefix}:unknown`;
  const [gone, wrong] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
  await world.redis.set(`${world.prefix}:submission:${wrong}:0-1`, 'of another type');
  await world.redis.zadd(unknown, 1, `${gone}/0-1`, 2, `${wrong}/0-1`, 3, 'no submission');
  expect((await world.store.readUnknown(10)).oldest.map((each) => each.ref)).toEqual([ref]);
});

test('the money of a generation of 20 images is booked once when it is enqueued and once when it is given back', async () => {
  await using world = await setup();
  const moves = async (): Promise<number> => Number(await world.redis.get(`${world.prefix}:hold-moves`));
  const before = await moves();
  const [ref] = await world.enqueue(20);
  expect((await moves()) - before).toBe(1);
  await world.store.cancel(ref.generationId);
  expect((await moves()) - before).toBe(2);
  expect((await world.spent()).reserved).toBe(0);
});
