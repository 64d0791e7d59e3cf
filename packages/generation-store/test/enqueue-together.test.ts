import { setImmediate } from 'node:timers/promises';
import { CorruptRecordError, QueueFullError, RequestConflictError, SpendCapError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createEnqueue } from '../src/enqueue/create-enqueue.ts';
import { NotSentError } from '../src/index.ts';
import { countScripts } from './count-scripts.ts';
import { answersOf, imagesOf } from './turn-of-enqueues.ts';
import { IMAGE_NANO_USD, newGeneration, retention, setup } from './world.ts';

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

test('more calls than Redis works off at once wait for their turn, and each gets its own answer', async () => {
  await using world = await setup();
  const generations = Array.from({ length: 250 }, () => newGeneration());
  const most: number[] = [];
  const scripts = await countScripts(world.redis, async () => {
    const answers = answersOf(world.store, generations);
    await setImmediate();
    // ioredis keeps the commands that wait for their answers
    most.push((world.redis as unknown as { commandQueue: { length: number } }).commandQueue.length);
    expect(new Set(await answers)).toEqual(new Set(['created']));
  });
  expect(scripts).toBe(25);
  expect(most[0]).toBeLessThanOrEqual(10);
  expect(await imagesOf(world)).toEqual({ held: 250, open: 250 });
});

test.for([
  ['of two tenants in turn have', 150, {}, 100],
  ['are long as well have', 40, { positivePrompt: 'x'.repeat(30_000) }, 20],
] as const)('those that %s as many under way as images or characters allow', async ([, count, long, most]) => {
  await using world = await setup();
  await world.enqueue(); // it is connected, and Redis knows the script
  const generations = Array.from({ length: count }, (_, at) => {
    const generation = newGeneration(1, { tenant: at % 2 === 0 ? 'acme' : 'zenith' });
    return { ...generation, request: { ...generation.request, ...long } };
  });
  const answers = answersOf(world.store, generations);
  await new Promise(process.nextTick);
  expect((world.redis as unknown as { commandQueue: { length: number } }).commandQueue.length).toBe(most);
  expect(new Set(await answers)).toEqual(new Set(['created']));
});

test('a call that waits for others longer than five seconds is not sent', async () => {
  await using world = await setup();
  let at = 0;
  const enqueue = createEnqueue(world.redis, world.prefix, retention, () => at);
  const early = answersOf(
    { enqueue },
    Array.from({ length: 150 }, () => newGeneration()),
  );
  await new Promise(process.nextTick);
  at = 5001;
  const late = answersOf({ enqueue }, [newGeneration()]);
  const answers = await early;
  expect(answers.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 'created'));
  expect(answers.slice(100)).toEqual(Array.from({ length: 50 }, () => expect.any(NotSentError)));
  expect(await late).toEqual(['created']);
  expect(await imagesOf(world)).toEqual({ held: 101, open: 101 });
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

test('of those that share a call as many get through as a bound on open images has room for', async () => {
  await using world = await setup();
  await world.redis.hset(`${world.prefix}:limits`, 'openImages', 4);
  const generations = [2, 3, 1, 2].map((images) => newGeneration(images));
  const full = (open: number) => expect.objectContaining({ code: 'queue.full', details: expect.objectContaining({ limit: 4, open }) });
  expect(await answersOf(world.store, generations)).toEqual(['created', full(2), 'created', full(3)]);
  expect(await imagesOf(world)).toEqual({ held: 3, open: 3 });
  expect(await answersOf(world.store, generations)).toEqual(['exists', full(3), 'exists', full(3)]);
});

test('one that runs later holds nothing beside those that hold, and counts as open', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 2 * IMAGE_NANO_USD });
  await world.redis.hset(`${world.prefix}:limits`, 'openImages', 5);
  const later = newGeneration(3, { runAt: Date.now() + 60_000 });
  const answers = await answersOf(world.store, [newGeneration(), later, newGeneration(), newGeneration()]);
  expect(answers).toEqual(['created', 'created', 'created', expect.any(SpendCapError)]);
  expect(await imagesOf(world)).toEqual({ held: 2, open: 5 });
  expect(await world.submission({ generationId: later.generationId, index: 2, n: 1 })).toMatchObject({ held: 'due', line: 'due' });
  await world.store.setCaps({ allPerDay: 9 * IMAGE_NANO_USD });
  expect(await answersOf(world.store, [newGeneration(1, { runAt: Date.now() + 60_000 })])).toEqual([expect.any(QueueFullError)]);
});

test('an id of another tenant is refused alone, and tells nothing of its request', async () => {
  await using world = await setup();
  const foreign = newGeneration(1, { tenant: 'zenith' });
  await world.store.enqueue(foreign);
  const [refused, sound] = await answersOf(world.store, [{ ...foreign, tenant: 'acme' }, newGeneration()]);
  expect([refused, sound]).toEqual([expect.any(RequestConflictError), 'created']);
  expect(refused).toMatchObject({ message: expect.stringContaining('is not free for this tenant') });
  expect(await world.generation(foreign.generationId)).toMatchObject({ tenant: 'zenith' });
  expect(await imagesOf(world)).toEqual({ held: 2, open: 2 });
});
