import { once } from 'node:events';
import { reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { buildGenerationStore, connectFailFast } from '../src/index.ts';
import { connectAs } from './connect-as.ts';
import { startReplyLosingProxy } from './reply-losing-proxy.ts';
import { answersOf, imagesOf } from './turn-of-enqueues.ts';
import { IMAGE_NANO_USD, newGeneration, retention, setup } from './world.ts';

// Calls of one turn of the event loop share calls of the script; here Redis fails in the middle of one.

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
