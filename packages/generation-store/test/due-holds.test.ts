import type { SubmissionRef } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { endedForGood, IMAGE_NANO_USD, setup, setupAt } from './world.ts';

/** Money that is held when it is bought and not before: of an order for later, and of one that had to give its hold up. */

const NOON = Date.UTC(2026, 10, 22, 12);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const nothing = { reserved: 0, settled: 0 };

describe('a generation for later', () => {
  test('holds no money and asks no cap until it is due', async () => {
    await using world = await setupAt(NOON);
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
    const [ref] = await world.enqueue(2, { runAt: NOON + HOUR_MS });
    expect(await world.ledger()).toEqual({});
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'queued', runAt: NOON + HOUR_MS, reservedUsd: '0' });
    await expect(world.enqueue(1)).resolves.toHaveLength(1);
  });

  test('is not bought before its time, and says how long that is', async () => {
    await using world = await setupAt(NOON);
    const runAt = NOON + HOUR_MS;
    const [ref] = await world.enqueue(1, { runAt });
    await world.setTime(runAt - 1);
    const before = await world.keyspace();
    expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'scheduled', detail: String(runAt), waitMs: 1 });
    expect(await world.keyspace()).toEqual(before);
    await world.setTime(runAt);
    const { intent } = await world.open(ref);
    expect(intent).toMatchObject({ runAt, reservation: { periods: Object.keys(await world.ledger()).toSorted() } });
  });

  test('is held in the day on which it is due, and not in the one that ordered it', async () => {
    await using world = await setupAt(Date.UTC(2026, 11, 31, 23));
    const [ref] = await world.enqueue(1, { runAt: Date.UTC(2027, 0, 1) });
    await world.setTime(Date.UTC(2027, 0, 1, 0, 0, 5));
    await world.open(ref);
    const held = { reserved: IMAGE_NANO_USD, settled: 0 };
    expect(await world.ledger()).toEqual({
      'all:day:2027-01-01': held,
      'all:month:2027-01': held,
      'tenant:acme:day:2027-01-01': held,
      'tenant:acme:month:2027-01': held,
    });
  });

  test('each submission that waits for a cap looks behind the others, no later than at its deadline, and another cap has its own line', async () => {
    await using world = await setupAt(NOON);
    await world.store.setCaps({ allPerDay: 1e15, tenantPerDay: IMAGE_NANO_USD - 1 });
    const due = (tenant: string, more = {}) => world.enqueue(1, { tenant, runAt: NOON + 1, ...more }).then(([ref]) => ref);
    const refs = [
      await due('a'),
      await due('a'),
      await due('a'),
      await due('a', { deadlineAt: NOON + 12 }),
      await due('a'),
      await due('b'),
    ];
    await world.setTime(NOON + 2);
    const behind: (number | undefined)[] = [];
    for (const ref of refs) {
      const stop = await world.store.commit(ref, `token of ${ref.generationId}`);
      expect(stop).toMatchObject({ kind: 'stop', reason: 'cap' });
      behind.push(stop.kind === 'stop' ? stop.behindMs : undefined);
    }
    expect(behind).toEqual([undefined, 50, 100, 10, 200, undefined]);
    expect(await world.redis.pttl(`${world.prefix}:cap-place:tenant:a:day:2026-11-22`), 'it ends by itself').toBeGreaterThan(0);
    // the first looks again after its minute, while the line is shorter than that
    await world.setTime(NOON + 60_002);
    expect(await world.store.commit(refs[0]!, 'later')).not.toHaveProperty('behindMs');
    // a place that lies further ahead than a line is ever long was given by a clock that went back
    await world.redis.set(`${world.prefix}:cap-place:tenant:a:day:2026-11-22`, String(NOON + 10 * DAY_MS));
    expect(await world.store.commit(refs[1]!, 'later')).not.toHaveProperty('behindMs');
  });

  test('the submissions of many tenants with reached caps take no more looks in ten seconds than fit, and the others look in the next ten seconds with room', async () => {
    await using world = await setupAt(NOON);
    await world.store.setCaps({ allPerDay: 1e15, tenantPerDay: IMAGE_NANO_USD - 1 });
    const refs: SubmissionRef[] = [];
    for (const tenant of ['a', 'b', 'c', 'd', 'd', 'd']) refs.push((await world.enqueue(1, { tenant, runAt: NOON + 1 }))[0]);
    await world.setTime(NOON + 2);
    const behindMs = async (at: number): Promise<number | undefined> => {
      const stop = await world.store.commit(refs[at]!, `token ${at}`);
      return stop.kind === 'stop' ? stop.behindMs : undefined;
    };
    const slot = NOON / 10_000;
    const looks = (at: number): string => `${world.prefix}:cap-looks:${slot + at}`;
    await world.redis.mset(looks(0), 999, looks(1), 1000, looks(2), 498);
    expect(await behindMs(0), 'it fits').toBeUndefined();
    expect(await behindMs(1), 'the next slot is full too').toBe(20_000 + 498 * 10 - 2);
    expect(await behindMs(2), 'in the same one').toBe(20_000 + 499 * 10 - 2);
    expect(await behindMs(3)).toBe(20_000 + 500 * 10 - 2);
    expect(await behindMs(4), 'behind another of its line, and half of a slot is for the first ones').toBe(30_000 - 2);
    expect(await behindMs(5)).toBe(30_000 + 50 - 2);
    for (const key of await world.redis.keys(`${world.prefix}:cap-looks:*`))
      if (![looks(1)].includes(key)) expect(await world.redis.pttl(key), `${key} ends by itself`).toBeGreaterThan(0);
    await world.redis.set(looks(0), 'nonsense');
    expect(await behindMs(0), 'a count that cannot be read limits nothing').toBe(50);
  });

  test('that is due when a cap is reached waits for money, and fails never', async () => {
    await using world = await setupAt(NOON);
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
    const [ref] = await world.enqueue(1, { runAt: NOON + 1 });
    const [other] = await world.enqueue(1);
    await world.setTime(NOON + 2);
    expect(await world.store.commit(ref, 't')).toEqual({
      kind: 'stop',
      reason: 'cap',
      detail: 'all:day:2026-11-22',
      waitMs: DAY_MS / 2 - 2,
    });
    expect(await world.submission(ref)).toMatchObject({ status: 'planned', held: 'due', sends: '0' });
    await world.store.cancel(other.generationId);
    await world.open(ref);
    expect((await world.ledger())['all:day:2026-11-22']).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  });

  test('can be cancelled before it is due', async () => {
    await using world = await setupAt(NOON);
    const [ref] = await world.enqueue(2, { runAt: NOON + HOUR_MS });
    expect(await world.store.cancel(ref.generationId)).toBe('cancelled');
    expect(await world.submission(ref)).toMatchObject({ status: 'failed', held: '0' });
    expect(await world.ledger()).toEqual({});
    expect(await world.redis.zcard(`${world.prefix}:open`)).toBe(0);
    await world.setTime(NOON + HOUR_MS);
    expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'failed' });
  });

  test('expires unbought when its deadline comes first', async () => {
    await using world = await setupAt(NOON);
    const [ref] = await world.enqueue(1, { runAt: NOON + 2 * HOUR_MS, deadlineAt: NOON + HOUR_MS });
    await world.setTime(NOON + HOUR_MS);
    expect(await world.store.commit(ref, 't')).toMatchObject({ reason: 'settled', detail: 'failed' });
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'expired' });
    expect(await world.ledger()).toEqual({});
  });
});

describe('a cap that is crossed already', () => {
  test('lets as much be bought as fits under it: an unsent image gives its hold up and waits', async () => {
    await using world = await setup();
    const refs = await world.enqueue(5);
    await world.store.setCaps({ allPerDay: 3 * IMAGE_NANO_USD });
    const replies = await Promise.all(refs.map((ref, at) => world.store.commit(ref, `token-${at}`)));
    expect(replies.map((reply) => (reply.kind === 'stop' ? reply.reason : reply.kind))).toEqual(['cap', 'cap', 'go', 'go', 'go']);
    expect(await world.spent()).toEqual({ reserved: 3 * IMAGE_NANO_USD, settled: 0 });
    await world.store.setCaps({ allPerDay: 4 * IMAGE_NANO_USD });
    await world.open(refs[0]);
    expect(await world.store.commit(refs[1]!, 't')).toMatchObject({ reason: 'cap' });
  });

  test('stops what a price above the list has used up', async () => {
    await using world = await setup();
    await world.store.setCaps({ allPerDay: 2 * IMAGE_NANO_USD });
    const [dear, next] = await world.enqueue(2);
    await world.send(dear);
    await world.store.settle(dear, endedForGood(dear, 'succeeded', { costNanoUsd: 2 * IMAGE_NANO_USD }));
    expect(await world.store.commit(next!, 't')).toMatchObject({ reason: 'cap' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: 2 * IMAGE_NANO_USD });
  });

  test('stops a repetition of what may have been sent, which keeps its hold', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref, 'unknown');
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD - 1 });
    expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'cap', detail: expect.stringContaining('all:day:') });
    expect(await world.submission(ref)).toMatchObject({ held: '1', sends: '1' });
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  });

  test('makes what was refused for good, and has not ended yet, give its hold up and be planned again', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref, 'refused');
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD - 1 });
    expect(await world.store.commit(ref, 't')).toMatchObject({ reason: 'cap' });
    expect(await world.submission(ref)).toMatchObject({ status: 'planned', held: 'due', sends: '1' });
    expect(await world.spent()).toEqual(nothing);
    await world.store.settle(ref, endedForGood(ref, 'failed'));
    expect(await world.submission(ref)).toMatchObject({ status: 'failed', held: '0' });
  });

  test('is over at midnight: the submission that waited is bought in the new day', async () => {
    await using world = await setupAt(NOON);
    const [ref] = await world.enqueue();
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD - 1 });
    await world.setTime(NOON + DAY_MS);
    expect(await world.store.commit(ref, 't')).toMatchObject({ reason: 'cap', detail: 'all:day:2026-11-23' });
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
    await world.open(ref);
    expect(await world.ledger()).toMatchObject({
      'all:day:2026-11-22': nothing,
      'all:day:2026-11-23': { reserved: IMAGE_NANO_USD, settled: 0 },
      'all:month:2026-11': { reserved: IMAGE_NANO_USD, settled: 0 },
    });
  });
});

describe('a send of which Redis knows nothing, of money that is due', () => {
  test.each(['accepted', 'unknown', 'conflict'] as const)('holds it when it comes back as "%s", whatever the cap says', async (verdict) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.redis.hset(`${world.prefix}:submission:${ref.generationId}:0-1`, 'held', 'due', 'periods', '');
    await world.redis.del(...Object.keys(await world.keyspace()).filter((key) => key.includes(':spend:')));
    await world.store.setCaps({ allPerDay: 1 });
    await world.store.recordVerdict(ref, 1, verdict);
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    await world.store.settle(ref, endedForGood(ref, 'succeeded'));
    expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  });

  test('is booked today when it comes home after its generation was cancelled', async () => {
    await using world = await setupAt(NOON);
    const [ref] = await world.enqueue(1, { runAt: NOON + 1 });
    await world.store.cancel(ref.generationId);
    await world.store.settle(ref, endedForGood(ref, 'succeeded'));
    expect((await world.ledger())['all:day:2026-11-22']).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  });
});

test('a generation for a moment that has come is held like any other', async () => {
  await using world = await setupAt(NOON);
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  await world.enqueue(1, { runAt: NOON });
  await expect(world.enqueue(1, { runAt: NOON })).rejects.toMatchObject({ code: 'spend.cap-reached' });
});
