import { defaultTiming } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { ProviderTrouble } from '../src/index.ts';
import { setup, setupAt } from './world.ts';

/**
 * Redis failed over to a host whose clock is an hour behind: each time that its memory holds lies an hour ahead. What a script counts
 * from such a time waits no longer than the longest wait that is ever set.
 */
const START = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;
const trouble: ProviderTrouble = { generationId: 'one', tolerated: 1, firstWaitMs: 1000, maxWaitMs: 5000, askedWaitMs: 4000 };

test('a provider in trouble is tried again after the wait that was set, and not when the old clock said', async () => {
  await using world = await setupAt(START + HOUR_MS);
  await world.store.reportTrouble(trouble);
  await world.setTime(START);
  const [ref] = await world.enqueue();
  const early = await world.store.commit(ref, 'early');
  expect(early).toMatchObject({ kind: 'stop', reason: 'provider-trouble', waitMs: 4000 });
  await world.setTime(START + 4000);
  await world.open(ref);
});

test('a record of trouble that was written before its wait was noted is tried after the wait of a try', async () => {
  await using world = await setupAt(START);
  await world.redis.hset(`${world.prefix}:provider-trouble`, {
    failures: 5,
    since: START,
    probeAt: START + HOUR_MS,
    waitMs: 2000,
    tried: 0,
  });
  const [ref] = await world.enqueue();
  expect(await world.store.commit(ref, 'early')).toMatchObject({ reason: 'provider-trouble', waitMs: 2000 });
  await world.setTime(START + 2000);
  await world.open(ref);
});

test('a failure that is told meanwhile does not bring the old time back', async () => {
  await using world = await setupAt(START + HOUR_MS);
  await world.store.reportTrouble(trouble);
  await world.setTime(START);
  expect(await world.store.reportTrouble({ ...trouble, askedWaitMs: 0 })).toBe(4000);
});

test('a turn that stands for longer than it is given is taken, and one that stands for as long is not', async () => {
  await using world = await setup();
  await world.redis.set(`${world.prefix}:turn:look`, 'dead', 'PX', HOUR_MS);
  expect(await world.store.claimTurn('look', 60_000)).toBe(true);
  expect(await world.store.claimTurn('look', 60_000)).toBe(false);
});

test('a first send that lies ahead is not known to be young: it is not repeated, and it is looked for until the horizon', async () => {
  await using world = await setupAt(START + 96 * HOUR_MS);
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.setTime(START);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ now: START, firstSentAt: START - defaultTiming.resendWindowMs });
});

test('a commit that opens a repeated send says the same of the first one', async () => {
  await using world = await setupAt(START + 96 * HOUR_MS);
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.setTime(START);
  const { fresh, intent } = await world.open(ref);
  expect([fresh, intent.firstSentAt]).toEqual([false, START - defaultTiming.resendWindowMs]);
});

test('a first send that is ahead by what clocks differ in is as young as now', async () => {
  await using world = await setupAt(START + 500);
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.setTime(START);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ firstSentAt: START });
});

test('an upload is waited for no longer than its window, and a delivery is news no longer than that', async () => {
  await using world = await setupAt(START + HOUR_MS);
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.recordFacts(ref, {});
  await world.store.recordDelivery(ref, { body: '{}', told: 'unclear' });
  await world.setTime(START);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ succeededSeenAt: START, deliveredAt: START, told: { at: START } });
});

test('how long the provider has not known a task that met a conflict is counted from now on', async () => {
  await using world = await setupAt(START + HOUR_MS);
  const [ref] = await world.enqueue();
  await world.send(ref, 'conflict');
  expect(await world.store.recordLook(ref, 'not-known')).toBe(0);
  await world.setTime(START);
  expect(await world.store.recordLook(ref, 'not-known')).toBe(0);
  await world.setTime(START + 5000);
  expect(await world.store.recordLook(ref, 'not-known')).toBe(5000);
});
