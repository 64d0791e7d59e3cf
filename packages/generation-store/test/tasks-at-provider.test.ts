import type { SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, endedForGood, nextOf, setup, setupAt, type World } from './world.ts';

/** Tasks under way at the provider are bounded for the whole fleet. */
const limitTo = ({ redis, prefix }: World, tasks: number | string) => redis.hset(`${prefix}:limits`, 'tasksAtProvider', tasks);
const full = { kind: 'stop', reason: 'busy' };
const ask = (world: World, ref: SubmissionRef) => world.store.commit(ref, `token-${Math.random()}`);

test('no more of many racing workers get through than the limit allows, and the others hold their money as before', async () => {
  await using world = await setup();
  await limitTo(world, 7);
  const refs = [...(await world.enqueue(20)), ...(await world.enqueue(20))];
  const connections = await Promise.all(Array.from({ length: 4 }, () => world.reconnect()));
  const before = await world.spent();
  const commitments = await Promise.all(refs.map((ref, at) => connections[at % 4]!.store.commit(ref, `token-${at}`)));
  expect(commitments.filter(({ kind }) => kind === 'go')).toHaveLength(7);
  expect(commitments.filter(({ kind }) => kind === 'stop')).toEqual(Array.from({ length: 33 }, () => expect.objectContaining(full)));
  expect(await world.spent()).toEqual(before);
  expect(await world.store.readTasksAtProvider()).toEqual({ count: 7, limit: 7 });
  for (const connection of connections) await connection[Symbol.asyncDispose]();
});

test.each<[string, (world: World, ref: SubmissionRef, send: number) => Promise<unknown>]>([
  ['came home', async (world, ref) => world.store.settle(ref, endedForGood(ref, 'succeeded'))],
  ['failed', async (world, ref) => world.store.settle(ref, endedForGood(ref, 'failed'))],
  ['is lost', async (world, ref) => world.store.settle(ref, endedForGood(ref, 'lost'))],
  ['is unknown', async (world, ref) => world.store.settle(ref, endedForGood(ref, 'unknown'))],
  ['is over, although its image has not come', async (world, ref) => world.store.recordFacts(ref, {})],
  ['never left', async (world, ref, send) => world.store.recordVerdict(ref, send, 'not-sent')],
  ['was throttled', async (world, ref, send) => world.store.recordVerdict(ref, send, 'throttled')],
])('a place is free as soon as its task %s', async (_, end) => {
  await using world = await setup();
  await limitTo(world, 1);
  const [first, second] = await world.enqueue(2);
  const { send } = await world.open(first);
  if (!['not-sent', 'throttled'].some((word) => end.toString().includes(word))) await world.store.recordVerdict(first, send, 'accepted');
  expect(await ask(world, second!)).toMatchObject(full);
  await end(world, first, send);
  expect(await ask(world, second!)).toMatchObject({ kind: 'go' });
});

test('a submission that may have been sent keeps its place, and needs no second one for a repeated send', async () => {
  await using world = await setup();
  await limitTo(world, 1);
  const [first, second] = await world.enqueue(2);
  await world.send(first, 'unknown');
  expect(await ask(world, second!)).toMatchObject(full);
  expect(await ask(world, first)).toMatchObject({ kind: 'go', fresh: false });
  expect(await world.store.readTasksAtProvider()).toMatchObject({ count: 1 });
  await world.store.settle(first, ended(first, 'failed'));
  expect(await ask(world, nextOf(first)), 'the next submission asks for a place of its own').toMatchObject({ kind: 'go' });
});

test.each<[string, (world: World, ref: SubmissionRef) => Promise<unknown>]>([
  ['whose answer was lost', (world, ref) => world.send(ref, 'unknown')],
  ['that met a conflict', (world, ref) => world.send(ref, 'conflict')],
  ['that was accepted and of which nothing is heard', (world, ref) => world.send(ref)],
])('a task %s holds up the fleet for half an hour after its last send, and no longer', async (_, send) => {
  const start = Date.UTC(2026, 5, 1, 12);
  await using world = await setupAt(start);
  await limitTo(world, 1);
  const [first, second] = await world.enqueue(2);
  await send(world, first);
  await world.setTime(start + 29 * 60_000);
  expect(await ask(world, second!)).toMatchObject(full);
  await world.setTime(start + 31 * 60_000);
  expect(await ask(world, second!)).toMatchObject({ kind: 'go' });
});

test('a limit that is lowered below what is under way lets that end, and nothing more begin until it fits', async () => {
  await using world = await setup();
  const [first, second, third] = await world.enqueue(3);
  await world.send(first);
  await world.send(second!);
  await limitTo(world, 1);
  await world.store.settle(first, endedForGood(first, 'succeeded'));
  expect(await ask(world, third!)).toMatchObject(full);
  await world.store.settle(second!, endedForGood(second!, 'succeeded'));
  expect(await ask(world, third!)).toMatchObject({ kind: 'go' });
});

test.each(['', 'many', '-1', '1e9'])('a limit that cannot be read ("%s") is a thousand', async (limit) => {
  await using world = await setup();
  expect(await world.store.readTasksAtProvider()).toEqual({ count: 0, limit: 1000 });
  await limitTo(world, limit);
  expect(await world.store.readTasksAtProvider()).toEqual({ count: 0, limit: 1000 });
});

test('places that were left behind are found out when they are needed, and those in use are kept', async () => {
  const start = Date.UTC(2026, 5, 1, 12);
  await using world = await setupAt(start);
  await limitTo(world, 12);
  const [used, waiting] = await world.enqueue(2);
  await world.send(used);
  const leaked = Array.from({ length: 11 }, (_, at) => [start - at, `01a20387-ac6e-73a4-aa9b-72449c0335ff/${at}-1`]).flat();
  await world.redis.zadd(`${world.prefix}:tasks-at-provider`, ...leaked);
  expect(await ask(world, waiting!)).toMatchObject(full);
  await world.setTime(start + 61_000);
  expect(await ask(world, waiting!)).toMatchObject({ kind: 'go' });
  for (let at = 0; at < 3; at += 1) await world.store.commit(waiting!, `look-${at}`);
  await limitTo(world, 2);
  const [more] = await world.enqueue();
  for (let at = 0; at < 3; at += 1) expect(await ask(world, more)).toMatchObject(full);
  expect(await world.store.readTasksAtProvider()).toMatchObject({ count: 2 });
});
