import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { CorruptRecordError, QueueFullError, RequestConflictError, SpendCapError } from '@darkroom/contracts';
import { reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { createEnqueue } from '../src/enqueue/create-enqueue.ts';
import { buildGenerationStore, connectFailFast, NotSentError, type GenerationStore, type NewGeneration } from '../src/index.ts';
import { connectAs } from './connect-as.ts';
import { countScripts } from './count-scripts.ts';
import { startReplyLosingProxy } from './reply-losing-proxy.ts';
import { IMAGE_NANO_USD, newGeneration, retention, setup, type World } from './world.ts';

// Calls of one turn of the event loop share calls of the script.

/** Enqueues generations in one turn. @returns the kind of each receipt, or the key that a corrupt one names, or the error. */
async function answersOf(store: Pick<GenerationStore, 'enqueue'>, generations: readonly NewGeneration[]): Promise<unknown[]> {
  const answers = await Promise.allSettled(generations.map((generation) => store.enqueue(generation)));
  return answers.map((answer) => {
    if (answer.status === 'fulfilled') return answer.value.kind;
    return answer.reason instanceof CorruptRecordError ? answer.reason.details['key'] : (answer.reason as unknown);
  });
}

/** Images that are held, and those that are counted as open. */
const imagesOf = async ({ store, spent }: World): Promise<{ held: number; open: number }> => ({
  held: (await spent()).reserved / IMAGE_NANO_USD,
  open: (await store.readOpenImages()).count,
});

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

test('while the clocks of the line are of another type nothing is written or held, and those that exist are answered', async () => {
  await using world = await setup();
  const [known, ...fresh] = [newGeneration(), newGeneration(), newGeneration(2)];
  await world.store.enqueue(known);
  const key = `${world.prefix}:line-clocks`;
  await world.redis.set(key, 'text');
  const before = await world.keyspace();
  for (const call of ['first', 'second']) {
    expect(await answersOf(world.store, [known, ...fresh])).toEqual(['exists', key, key]);
    expect(await world.keyspace(), call).toEqual(before);
  }
  await world.redis.del(key);
  expect(await answersOf(world.store, fresh)).toEqual(['created', 'created']);
  expect(await imagesOf(world)).toEqual({ held: 4, open: 4 });
});

test.for(['line', 'line:acme'])('while the key "%s" is of another type, what is written is counted, listed and held once', async (name) => {
  await using world = await setup();
  const [known, first, second] = [newGeneration(), newGeneration(), newGeneration(2)];
  const later = newGeneration(1, { runAt: Date.now() + 60_000 });
  await world.store.enqueue(known);
  const key = `${world.prefix}:${name}`;
  await world.redis.set(key, 'text');
  expect(await answersOf(world.store, [known, first, later, second])).toEqual(['exists', key, 'created', key]);
  expect(await imagesOf(world)).toEqual({ held: 4, open: 5 });
  expect(await world.redis.zcard(`${world.prefix}:list:all:queued`)).toBe(4);
  for (const call of ['first', 'second']) {
    expect(await answersOf(world.store, [known, first, later, second])).toEqual(['exists', 'exists', 'exists', 'exists']);
    expect(await imagesOf(world), call).toEqual({ held: 4, open: 5 });
  }
  await world.redis.del(key);
});

test('one whose request cannot be written gives its hold back, however often it is repeated', async () => {
  await using world = await setup();
  const [broken, sound] = [newGeneration(3), newGeneration()];
  const key = `${world.prefix}:generation:${broken.generationId}`;
  await world.redis.set(`${key}:request`, 'text');
  expect(await answersOf(world.store, [broken, sound])).toEqual([key, 'created']);
  expect(await answersOf(world.store, [sound, broken])).toEqual(['exists', key]);
  expect(await answersOf(world.store, [broken])).toEqual([key]);
  expect(await world.generation(broken.generationId)).toEqual({});
  expect(await imagesOf(world)).toEqual({ held: 1, open: 1 });
  await world.redis.del(`${key}:request`);
  expect(await answersOf(world.store, [broken])).toEqual(['created']);
  expect(await imagesOf(world)).toEqual({ held: 4, open: 4 });
});

const commands = ['expire', 'hget', 'hincrby', 'hmget', 'hset', 'incr', 'publish', 'set', 'xadd', 'zadd'];
test.for(commands)(
  'without the right to "%s" a generation holds its money once if it has an entry, however often it is repeated',
  async (command) => {
    await using world = await setup();
    const redis = await connectAs(world.redis, `without-${command}-${world.prefix}`, ['~*', '&*', '+@all', `-${command}`]);
    const store = buildGenerationStore({ prefix: world.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    const given = newGeneration(2);
    for (const call of ['first', 'second', 'third']) {
      await Promise.allSettled([store.enqueue(given)]);
      const hasEntry = (await world.redis.exists(`${world.prefix}:generation:${given.generationId}`)) === 1;
      const held = Object.values(await world.ledger()).map(({ reserved }) => reserved / IMAGE_NANO_USD);
      expect(new Set(held.filter((images) => images !== 0)), call).toEqual(new Set(hasEntry ? [2] : []));
    }
  },
);

test('one that is half written counts all of its images, and holds them once', async () => {
  await using world = await setup();
  const half = newGeneration(3);
  const key = `${world.prefix}:submission:${half.generationId}:1-1`;
  await world.redis.set(key, 'text');
  expect(await answersOf(world.store, [half])).toEqual([`${world.prefix}:generation:${half.generationId}`]);
  for (const call of ['first', 'second']) {
    expect(await imagesOf(world), call).toEqual({ held: 3, open: 3 });
    expect(await answersOf(world.store, [half])).toEqual(['exists']);
  }
  await world.redis.del(key);
});

test('calls that share a lost answer are sent again, and each is one generation with one hold', async () => {
  await using world = await setup();
  await world.enqueue(); // the server knows the script from here on
  await using proxy = await startReplyLosingProxy(inject('redisUrl'));
  const redis = connectFailFast(proxy.url);
  try {
    await once(redis, 'ready');
    const store = buildGenerationStore({ prefix: world.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    proxy.arm();
    expect(await answersOf(store, [newGeneration(), newGeneration(2), newGeneration()])).toEqual(['exists', 'exists', 'exists']);
    expect(proxy.lost()).toBe(1);
  } finally {
    redis.disconnect();
  }
  expect(await imagesOf(world)).toEqual({ held: 5, open: 5 });
});

test('a server that is full or read-only refuses a whole call before its first write', async () => {
  await using own = await reserveRedis();
  await own.start();
  const redis = new Redis(own.url);
  try {
    const store = buildGenerationStore({ prefix: 'full', retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
    await store.initialise('epoch-1');
    const [known, ...fresh] = [newGeneration(), newGeneration(), newGeneration(2)];
    await store.enqueue(known);
    const before = [await redis.dbsize(), await store.readOpenImages()];
    const refusals = [
      { words: 'OOM', begin: ['SET', 'maxmemory', '1'], end: ['SET', 'maxmemory', '0'] },
      { words: 'NOREPLICAS', begin: ['SET', 'min-replicas-to-write', '1'], end: ['SET', 'min-replicas-to-write', '0'] },
    ];
    for (const { words, begin, end } of refusals) {
      await redis.call('CONFIG', begin);
      const refused = expect.objectContaining({ message: expect.stringContaining(words) });
      for (const call of ['first', 'second']) expect(await answersOf(store, [known, ...fresh]), call).toEqual([refused, refused, refused]);
      await redis.call('CONFIG', end);
      expect([await redis.dbsize(), await store.readOpenImages()], words).toEqual(before);
    }
    // of a primary that does not answer
    await redis.call('REPLICAOF', '127.0.0.1', '1');
    const readOnly = expect.objectContaining({ message: expect.stringContaining('READONLY') });
    expect(await answersOf(store, [known, ...fresh])).toEqual([readOnly, readOnly, readOnly]);
    await redis.call('REPLICAOF', 'NO', 'ONE');
    expect([await redis.dbsize(), await store.readOpenImages()]).toEqual(before);
    expect(await answersOf(store, [known, ...fresh])).toEqual(['exists', 'created', 'created']);
  } finally {
    redis.disconnect();
  }
});
