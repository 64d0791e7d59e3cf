import type { SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { IMAGE_NANO_USD, setup, type World } from './world.ts';

/** Sum that all tenants have on hold today, by the ledger. */
async function heldToday(world: World): Promise<number> {
  const [, reserved] = Object.entries(await world.reserved()).find(([period]) => period.startsWith('all:day:')) ?? [];
  return reserved ?? 0;
}

/** Lets a hold go without giving the money back to anybody who could spend it: the ledger and the record agree. */
async function loseHold(world: World, ref: SubmissionRef, held: '0' | 'due'): Promise<void> {
  const periods = (await world.redis.hget(world.submissionKey(ref), 'periods')) ?? '';
  for (const period of periods.split(' ')) await world.redis.hincrby(`${world.prefix}:spend:${period}`, 'reserved', -IMAGE_NANO_USD);
  await world.redis.hset(world.submissionKey(ref), 'held', held);
}

test.each(['committed', 'accepted', 'unknown'])(
  'a purchase that is %s holds its money again, in the periods it was held in',
  async (status) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    if (status === 'committed') await world.store.commit(ref, 'token');
    else await world.send(ref);
    if (status === 'unknown') await world.finish(ref, 'unknown');
    const before = await world.reserved();
    await loseHold(world, ref, '0');
    expect((await world.pass()).summary).toEqual({ 'hold-missing': '1 repaired' });
    expect(await world.hold(ref)).toBe('1');
    expect(await world.reserved()).toEqual(before);
    expect((await world.pass()).summary).toEqual({});
  },
);

test('a purchase whose hold is due although it was sent holds its money in the periods of now', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await loseHold(world, ref, 'due');
  await world.redis.hset(world.submissionKey(ref), 'periods', '');
  expect((await world.pass()).summary).toEqual({ 'hold-missing': '1 repaired' });
  expect(await heldToday(world)).toBe(IMAGE_NANO_USD);
});

test('an unsent submission leaves its hold to the commit, which asks the caps', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await loseHold(world, ref, '0');
  expect((await world.pass()).summary).toEqual({ 'hold-missing': '1 repaired' });
  expect(await world.hold(ref)).toBe('due');
  expect(await heldToday(world)).toBe(0);
  await world.send(ref);
  expect(await heldToday(world)).toBe(IMAGE_NANO_USD);
});

test.each(['refused', 'lost', 'succeeded'] as const)('a purchase that is %s gives back what it still holds, once', async (status) => {
  await using world = await setup();
  const [ref, open] = await world.enqueue(2);
  await world.send(ref);
  await world.finish(ref, status);
  const periods = (await world.redis.hget(world.submissionKey(ref), 'periods')) ?? '';
  for (const period of periods.split(' ')) await world.redis.hincrby(`${world.prefix}:spend:${period}`, 'reserved', IMAGE_NANO_USD);
  await world.redis.hset(world.submissionKey(ref), 'held', '1');
  expect((await world.pass()).summary).toEqual({ 'hold-left': '1 repaired' });
  expect(await heldToday(world)).toBe(IMAGE_NANO_USD);
  expect(await world.hold(open!)).toBe('1');
  expect((await world.pass()).summary).toEqual({});
});

test('a generation whose images have all ended is closed, announced and retired', async () => {
  await using world = await setup();
  const [ref, other] = await world.enqueue(2);
  for (const each of [ref, other!]) {
    await world.send(each);
    await world.finish(each, each === ref ? 'succeeded' : 'refused');
  }
  const key = world.generationKey(ref);
  const finished = await world.redis.hgetall(key);
  await world.redis.hdel(key, 'finishedAt');
  await world.redis.hset(key, 'status', 'running');
  await world.redis.persist(key);
  await world.redis.zadd(`${world.prefix}:open`, Date.now(), ref.generationId);
  const announced: string[] = [];
  const listener = world.redis.duplicate();
  await listener.subscribe(`${world.prefix}:events:${ref.generationId}`);
  listener.on('message', (_, message) => announced.push(message));
  expect((await world.pass()).summary).toEqual({ 'not-folded': '1 repaired' });
  await listener.quit();
  expect(announced.join('\n')).toContain('generation.partial');
  expect({ ...(await world.redis.hgetall(key)), finishedAt: '' }).toEqual({
    ...finished,
    finishedAt: '',
    // A caller sees the change.
    revision: String(Number(finished['revision']) + 1),
  });
  expect(await world.redis.ttl(key)).toBeGreaterThan(0);
  expect((await world.pass()).summary).toEqual({});
});

test('a generation that is over and still counts as open is retired', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { idempotencyKey: 'mine' });
  await world.send(ref);
  await world.finish(ref);
  await world.redis.persist(world.generationKey(ref));
  await world.redis.zadd(`${world.prefix}:open`, Date.now(), ref.generationId);
  expect((await world.pass()).summary).toEqual({ 'not-retired': '1 repaired' });
  expect(await world.redis.zcard(`${world.prefix}:open`)).toBe(0);
  expect(await world.redis.ttl(world.generationKey(ref))).toBeGreaterThan(0);
});

test('a generation whose images and counts are not those of its submissions is put right', async () => {
  await using world = await setup();
  const [ref, other] = await world.enqueue(2);
  await world.send(ref);
  await world.finish(ref);
  await world.redis.hset(world.generationKey(ref), 'image:0', 'failed', 'live', 7);
  expect((await world.pass()).summary).toEqual({ miscounted: '2 repaired' });
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('succeeded');
  await world.send(other!);
  await world.finish(other!);
  expect((await world.store.find(ref.generationId))?.status).toBe('succeeded');
  expect((await world.pass()).summary).toEqual({});
});

test('an open generation that does not count as open is found by a thorough pass, and stays', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.zrem(`${world.prefix}:open`, ref.generationId);
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'not-indexed': '1 repaired' });
  expect(await world.redis.zscore(`${world.prefix}:open`, ref.generationId)).not.toBeNull();
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('an open generation gets back its idempotency key: the same order would be bought twice', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { idempotencyKey: 'mine' });
  const [key = ''] = await world.redis.keys(`${world.prefix}:idempotency:*`);
  const kept = await world.redis.hgetall(key);
  await world.redis.del(key);
  expect((await world.pass()).summary).toEqual({ 'idempotency-key-missing': '1 repaired' });
  expect(await world.redis.hgetall(key)).toEqual(kept);
  expect(kept['generationId']).toBe(ref.generationId);
});

test('a frozen pass that has lost its turn mends nothing', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await loseHold(world, ref, '0');
  const { store } = world.reconciler();
  expect(await store.mend(ref.generationId, 'another')).toEqual({ kind: 'no-turn' });
  expect(await world.hold(ref)).toBe('0');
});
