import { STORED_FORMAT, taskUuidOf } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { aclRulesOf, buildErasingStore, buildGenerationStore, checkFormat, redisRights, watchRedis } from '../src/index.ts';
import { connectAs } from './connect-as.ts';
import { endedForGood, newGeneration, retention, setup } from './world.ts';

const refusal = {
  code: 'store.newer-format',
  message: `Redis holds a store of format 2, and this process knows formats up to ${STORED_FORMAT}: upgrade this process first; it queues and buys nothing until then`,
  details: { stored: '2', known: STORED_FORMAT },
};

test('a store has its number from its first moment, and one of an earlier version gets it with the first checkpoint', async () => {
  await using world = await setup();
  const { redis, prefix, store } = world;
  expect(await redis.get(`${prefix}:format`)).toBe(String(STORED_FORMAT));
  await redis.del(`${prefix}:format`);
  await world.enqueue();
  expect(await redis.exists(`${prefix}:format`)).toBe(0);
  await store.noteCheckpoint();
  expect(await redis.get(`${prefix}:format`)).toBe(String(STORED_FORMAT));
});

test('no process raises the number of a store; an operator does, once', async () => {
  await using world = await setup();
  const { redis, prefix, store } = world;
  await redis.set(`${prefix}:format`, '0');
  await store.noteCheckpoint();
  expect(await store.readStoreFormat()).toEqual({ written: 0, known: STORED_FORMAT });
  expect(await store.raiseStoreFormat(STORED_FORMAT)).toBe(true);
  expect(await store.readStoreFormat()).toEqual({ written: STORED_FORMAT, known: STORED_FORMAT });
  expect(await store.raiseStoreFormat(STORED_FORMAT)).toBe(false);
  await redis.set(`${prefix}:format`, '2');
  await expect(store.raiseStoreFormat(STORED_FORMAT)).rejects.toMatchObject({ code: 'store.newer-format' });
});

test('a store of a later format is neither read nor changed, and used again when the number fits', async () => {
  await using world = await setup();
  const { redis, prefix, store } = world;
  const [ref] = await world.enqueue();
  const { send } = await world.open(ref);
  await redis.set(`${prefix}:format`, '2');
  const before = await world.keyspace();
  const calls: Record<string, () => Promise<unknown>> = {
    enqueue: () => store.enqueue(newGeneration()),
    find: () => store.find(ref.generationId),
    list: () => store.list({}, 1),
    cancel: () => store.cancel(ref.generationId),
    commit: () => store.commit(ref, 'another'),
    newest: () => store.isNewestSend(ref, send),
    verdict: () => store.recordVerdict(ref, send, 'accepted'),
    delivery: () => store.recordDelivery(ref, { body: taskUuidOf(ref) }),
    settlement: () => store.beginSettlement(ref),
    settle: () => store.settle(ref, endedForGood(ref, 'succeeded')),
    checkpoint: () => store.noteCheckpoint(),
    run: () => store.readServerRun(),
    rebuild: () => store.beginRebuild('again'),
    erasure: () => store.requestErasure(ref.generationId, true),
    eraser: () => buildErasingStore({ prefix }, redis).readDueErasures(1),
    check: () => checkFormat(redis, prefix),
  };
  for (const [name, call] of Object.entries(calls)) await expect(call(), name).rejects.toMatchObject(refusal);
  expect(await world.keyspace()).toEqual(before);
  await redis.set(`${prefix}:format`, String(STORED_FORMAT));
  expect(await store.recordVerdict(ref, send, 'accepted')).toBe('accepted');
});

test.each(['two', '', '1e9'])('a number that cannot be read (%j) counts as a later one', async (number) => {
  await using world = await setup();
  await world.redis.set(`${world.prefix}:format`, number);
  await expect(world.enqueue()).rejects.toMatchObject({ code: 'store.newer-format', details: { stored: number } });
});

test('a watched connection names the two numbers, and is usable again by itself', async () => {
  await using world = await setup();
  const { redis, prefix } = world;
  const lines: unknown[] = [];
  const log = { info: (line: unknown) => void lines.push(line), error: (line: unknown) => void lines.push(line) };
  const watch = watchRedis(redis, { url: 'redis://here:1', prefix, process: 'worker', log });
  try {
    await watch.untilUsable();
    await redis.set(`${prefix}:format`, '2');
    await eventually(() => expect(watch.check()).rejects.toThrow(refusal.message));
    await eventually(() =>
      expect(lines).toMatchObject([
        {
          event: 'redis.lost',
          reason: 'newer-format',
          words: refusal.message,
          cure: expect.stringContaining('upgrade this process') as unknown,
        },
      ]),
    );
    await redis.set(`${prefix}:format`, String(STORED_FORMAT));
    await eventually(() => watch.check());
    await eventually(() => expect(lines).toMatchObject([{}, { event: 'redis.regained' }]));
  } finally {
    watch.close();
  }
});

test('a producer with the rights of an earlier version, which may not ask for the number, enqueues', async () => {
  await using world = await setup();
  const rights = { ...redisRights.producer, grants: redisRights.producer.grants.filter(({ keys }) => !keys.includes('format')) };
  const redis = await connectAs(world.redis, `old${world.prefix.replaceAll(/\W/g, '')}`, aclRulesOf(rights, world.prefix));
  const store = buildGenerationStore({ prefix: world.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  expect(await store.enqueue(newGeneration())).toMatchObject({ kind: 'created' });
});
