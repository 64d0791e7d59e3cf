import { CorruptRecordError, RequestConflictError, SpendCapError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { countScripts } from './count-scripts.ts';
import { IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

// Calls of one turn of the event loop share calls of the script.

test('calls of one turn share calls of the script, up to ten images in each, and each gets its own answer', async () => {
  await using world = await setup();
  const generations = Array.from({ length: 25 }, (_, at) =>
    newGeneration(at === 7 ? 3 : 1, { priority: at === 3 ? 'high' : 'normal', ...(at === 12 && { tags: ['door'], clientReference: 'x' }) }),
  );
  let receipts: Awaited<ReturnType<typeof world.store.enqueue>>[] = [];
  const scripts = await countScripts(world.redis, async () => {
    receipts = await Promise.all(generations.map((generation) => world.store.enqueue(generation)));
  });
  expect(scripts).toBe(3);
  expect(receipts.map(({ generationId }) => generationId)).toEqual(generations.map(({ generationId }) => generationId));
  // numbers of the line in the order of the calls, three for the one of three images
  expect(receipts.flatMap(({ line }) => line)).toEqual(Array.from({ length: 27 }, (_, at) => at + 1));
  expect(await world.spent()).toEqual({ reserved: 27 * IMAGE_NANO_USD, settled: 0 });
  expect(await world.generation(generations[7]!.generationId)).toMatchObject({ images: '3', live: '3', 'latest:2': '1' });
  expect(await world.generation(generations[3]!.generationId)).toMatchObject({ priority: 'high' });
  expect(await world.generation(generations[4]!.generationId)).not.toHaveProperty('priority');
  expect(await world.generation(generations[13]!.generationId)).not.toHaveProperty('labels');
});

test('of those that share a call as many get through as the cap has room for', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 6 * IMAGE_NANO_USD });
  // the third does not fit behind the first two, and the fourth does
  const images = [2, 2, 3, 2, 1];
  const answers = await Promise.allSettled(images.map((count) => world.store.enqueue(newGeneration(count))));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected']);
  for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(SpendCapError);
  expect(answers[2]).toMatchObject({ reason: { details: { usedUsd: '0.08' } } });
  expect(await world.spent()).toEqual({ reserved: 6 * IMAGE_NANO_USD, settled: 0 });
});

test('an id or an idempotency key that stands twice in one turn makes one generation', async () => {
  await using world = await setup();
  const first = newGeneration(1, { idempotencyKey: 'order-7' });
  const receipts = await Promise.all([
    world.store.enqueue(first),
    world.store.enqueue(first),
    world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7' })),
  ]);
  expect(receipts.map(({ kind }) => kind)).toEqual(['created', 'exists', 'replayed']);
  expect(new Set(receipts.map(({ generationId }) => generationId))).toEqual(new Set([first.generationId]));
  expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
});

test('tenants share no call, and each holds its own money', async () => {
  await using world = await setup();
  await Promise.all(['acme', 'zenith', 'acme'].map((tenant) => world.store.enqueue(newGeneration(1, { tenant }))));
  const ledger = await world.ledger();
  const held = Object.entries(ledger).filter(([period]) => period.includes(':month:'));
  expect(held.map(([period, { reserved }]) => [period.replace(/:month:.*/, ''), reserved / IMAGE_NANO_USD]).toSorted()).toEqual([
    ['all', 3],
    ['tenant:acme', 2],
    ['tenant:zenith', 1],
  ]);
});

test('one that is in conflict, or whose keys are of another type, fails alone', async () => {
  await using world = await setup();
  const [taken, broken, half, sound] = [newGeneration(), newGeneration(), newGeneration(), newGeneration()];
  await world.store.enqueue(taken);
  await world.redis.set(`${world.prefix}:generation:${broken.generationId}`, 'text');
  await world.redis.set(`${world.prefix}:submission:${half.generationId}:0-1`, 'text');
  const answers = await Promise.allSettled([
    world.store.enqueue({ ...taken, request: newGeneration(2).request }),
    world.store.enqueue(broken),
    world.store.enqueue(half),
    world.store.enqueue(sound),
  ]);
  expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason : answer.value.kind))).toEqual([
    expect.any(RequestConflictError),
    expect.any(CorruptRecordError),
    expect.any(CorruptRecordError),
    'created',
  ]);
  // What could not be written whole holds its money: too much is held, and not too little.
  expect(await world.spent()).toEqual({ reserved: 3 * IMAGE_NANO_USD, settled: 0 });
  await world.redis.del(`${world.prefix}:generation:${broken.generationId}`, `${world.prefix}:submission:${half.generationId}:0-1`);
});
