import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { buildEventGroup, buildReconcileStore } from '../src/index.ts';
import { ended, setup, type World } from './world.ts';

const MINUTE = 60_000;
const logOf = (world: World): Promise<[string, string[]][]> => world.redis.xrange(`${world.prefix}:event-log`, '-', '+');
const namesOf = async (world: World): Promise<string[]> => (await logOf(world)).map(([, fields]) => fields[1] ?? '');

/** Adds events of a past time, as a log has them that grew for long. */
async function addPast({ redis, prefix }: World, count: number, ageMs: number): Promise<void> {
  const from = Date.now() - ageMs;
  const pipeline = redis.pipeline();
  for (let at = 0; at < count; at += 1)
    pipeline.xadd(
      `${prefix}:event-log`,
      `${from + at}-0`,
      'event',
      'generation.queued',
      'id',
      `old-${at}`,
      'tenant',
      'acme',
      'at',
      from + at,
    );
  await pipeline.exec();
}

describe('an event is written with its fact', () => {
  test('from the enqueue to the end of a generation, and to a late image', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, ended(ref, 'lost'));
    await world.store.settle(ref, ended(ref, 'succeeded'));
    const log = await logOf(world);
    const about = [ref.generationId, 'acme', 'runware', 'xai:grok-imagine@image'];
    expect(log.map(([, fields]) => fields.filter((_, at) => at % 2 === 1).toSpliced(3, 1))).toEqual([
      ['generation.queued', ...about, '1'],
      ['submission.lost', ...about, '4', '0', '1'],
      ['generation.failed', ...about, '4'],
      ['submission.succeeded', ...about, '5', '0', '1'],
      ['generation.amended', ...about, '5', '0', '1'],
    ]);
  });

  test('with the trace of the enqueue', async () => {
    await using world = await setup();
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const [ref] = await world.enqueue(1, { traceparent });
    const sent = await world.open(ref);
    expect(sent.traceparent).toBe(traceparent);
    expect(sent.intent, 'S3 does not hold it').not.toHaveProperty('traceparent');
    await world.store.settle(ref, ended(ref, 'succeeded'));
    expect((await world.store.beginSettlement(ref))?.traceparent).toBe(traceparent);
    const log = await logOf(world);
    expect(log.map(([, fields]) => fields[fields.indexOf('traceparent') + 1])).toEqual([traceparent, traceparent, traceparent]);
    expect(await world.store.find(ref.generationId)).toMatchObject({ traceparent });
  });

  test('once for a repeated enqueue, cancel and end', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.store.cancel(ref.generationId);
    await world.store.cancel(ref.generationId);
    const [other] = await world.enqueue();
    await world.send(other);
    await world.store.settle(other, ended(other, 'succeeded'));
    await world.store.settle(other, ended(other, 'succeeded'));
    expect(await namesOf(world)).toEqual([
      'generation.queued',
      'generation.cancelled',
      'generation.queued',
      'submission.succeeded',
      'generation.succeeded',
    ]);
  });

  test('and not for an end that is restored long after it came', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, { ...ended(ref, 'succeeded'), isOld: true });
    expect(await namesOf(world)).toEqual(['generation.queued']);
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded' });
  });
});

describe('trimming', () => {
  test('keeps the last hour without groups, and what a group has not read or acknowledged', async () => {
    await using world = await setup();
    const store = buildReconcileStore({ prefix: world.prefix }, world.redis);
    await addPast(world, 1200, 70 * MINUTE);
    await world.enqueue();
    const own = new Redis(inject('redisUrl'));
    try {
      const group = buildEventGroup(own, world.prefix, 'mail', 'one');
      expect(await group.create('0')).toBe(true);
      expect(await group.create('0')).toBe(false);
      expect(await store.trimEvents()).toBe(0);
      const first = await group.readNext(10);
      const second = await group.readNext(10);
      if (first === undefined || second === undefined) throw new Error('there are events');
      await group.acknowledge(second.place);
      expect(await store.trimEvents(), 'the first one is not acknowledged').toBe(0);
      await group.acknowledge(first.place);
      expect(await store.trimEvents()).toBe(1);
      expect(await group.findGap()).toBeUndefined();
      await own.xgroup('DESTROY', `${world.prefix}:event-log`, 'mail');
      expect(await store.trimEvents()).toBe(1199);
      expect(await namesOf(world)).toEqual(['generation.queued']);
    } finally {
      own.disconnect();
    }
  });

  test('tells a group of what goes between its look for a gap and its next read', async () => {
    await using world = await setup();
    const store = buildReconcileStore({ prefix: world.prefix }, world.redis);
    await addPast(world, 3, 8 * 24 * 60 * MINUTE);
    const [{ generationId }] = await world.enqueue();
    const own = new Redis(inject('redisUrl'));
    try {
      const [one, other] = ['one', 'other'].map((consumer) => buildEventGroup(own, world.prefix, 'slow', consumer));
      const quick = buildEventGroup(own, world.prefix, 'quick', 'one');
      if (one === undefined || other === undefined) throw new Error('there are two consumers');
      await one.create('0');
      await quick.create('$');
      expect(await one.findGap()).toBeUndefined();
      expect(await store.trimEvents()).toBe(3);
      expect(await one.readNext(10)).toMatchObject({ id: generationId });
      const gap = await other.findGap();
      expect(gap, 'the group has read on behind the gap').toBeDefined();
      await one.passGap(gap ?? '');
      expect([await one.findGap(), await other.findGap(), await quick.findGap()]).toEqual([undefined, undefined, undefined]);
      expect(await one.readNext(10), 'the group did not go back').toBeUndefined();
    } finally {
      own.disconnect();
    }
  });

  test('tells a group of what a consumer took and did not acknowledge, and keeps a note that a trim has widened', async () => {
    await using world = await setup();
    const store = buildReconcileStore({ prefix: world.prefix }, world.redis);
    await addPast(world, 2, 8 * 24 * 60 * MINUTE);
    const own = new Redis(inject('redisUrl'));
    try {
      const group = buildEventGroup(own, world.prefix, 'slow', 'one');
      await group.create('0');
      const [first, second] = [await group.readNext(10), await group.readNext(10)];
      await group.acknowledge(second?.place ?? '');
      expect(await store.trimEvents()).toBe(2);
      const gap = (await group.findGap()) ?? '';
      expect(gap).toBe(second?.place);
      expect(await group.readOwn('0'), `${first?.place} is gone`).toBeUndefined();
      await addPast(world, 2, 8 * 24 * 60 * MINUTE - 1000);
      expect(await store.trimEvents()).toBe(2);
      await group.passGap(gap);
      expect(await group.findGap(), 'more is gone since the consumer was told').not.toBe(gap);
      expect(await group.findGap()).toBeDefined();
    } finally {
      own.disconnect();
    }
  });

  test('goes on after a week over what a group has not read, and the group is told', async () => {
    await using world = await setup();
    const store = buildReconcileStore({ prefix: world.prefix }, world.redis);
    await addPast(world, 700, 8 * 24 * 60 * MINUTE);
    const [{ generationId }] = await world.enqueue();
    const own = new Redis(inject('redisUrl'));
    try {
      const group = buildEventGroup(own, world.prefix, 'slow', 'one');
      await group.create('0');
      const taken = await group.readNext(10);
      expect(await store.trimEvents()).toBe(700);
      const gap = await group.findGap();
      expect(Number(gap?.split('-')[0])).toBeGreaterThan(Number(taken?.place.split('-')[0]));
      await group.passGap(gap ?? '');
      expect(await group.findGap()).toBeUndefined();
      expect(await group.readOwn('0'), 'what was taken is gone').toBeUndefined();
      expect(await group.takeOver(0)).toBeUndefined();
      expect(await group.readNext(10)).toMatchObject({ event: 'generation.queued', id: generationId });
    } finally {
      own.disconnect();
    }
  });
});
