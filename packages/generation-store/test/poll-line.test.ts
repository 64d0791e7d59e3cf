import type { SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { PollTurn, PollWish } from '../src/index.ts';
import { MAX_LINE_MS } from '../src/purchase/poll-line.ts';
import { newGeneration, setup, setupAt, type SteadyWorld } from './world.ts';

/** The world of `setupAt` may ask ten times a second, and three times at once. */
const EVERY_MS = 100;
const BURST = 3;
const START = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;
const one: PollWish = { leg: 'settle', questions: 1 };
const both: PollWish = { leg: 'settle', questions: 2 };
const granted: PollTurn = { kind: 'granted', questions: 1 };

/** Runs as the worker makes them: each comes when it was told to. @returns when each was granted its questions, and how often it asked. */
async function serve(world: SteadyWorld, refs: readonly SubmissionRef[], wish: PollWish) {
  const due = refs.map((ref) => ({ ref, at: START, asked: 0 }));
  const grants: { at: number; questions: number; asked: number }[] = [];
  while (due.length > 0) {
    const next = due.toSorted((a, b) => a.at - b.at)[0]!;
    await world.setTime(next.at);
    next.asked += 1;
    const turn = await world.store.takePollTurn(next.ref, wish);
    if (turn.kind === 'wait') next.at += turn.delayMs;
    else {
      grants.push({ at: next.at, questions: turn.questions, asked: next.asked });
      due.splice(due.indexOf(next), 1);
    }
  }
  return grants;
}

test.each([
  ['one question', one, 1],
  ['two questions', both, 2],
] as const)('each of many waits once, and the rate holds (%s each)', async (_, wish, questions) => {
  await using world = await setupAt(START);
  const refs = [...(await world.enqueue(20)), ...(await world.enqueue(20))];
  const grants = await serve(world, refs, wish);
  expect(Math.max(...grants.map(({ asked }) => asked))).toBe(2);
  expect(new Set(grants.map((grant) => grant.questions))).toEqual(new Set([questions]));
  const last = Math.max(...grants.map(({ at }) => at));
  expect(last - START).toBe((refs.length * questions - BURST) * EVERY_MS);
  for (const { at } of grants) {
    const inASecond = grants.filter((other) => other.at >= at && other.at < at + 1000).length * questions;
    expect(inASecond, `questions in the second from ${at - START} ms on`).toBeLessThanOrEqual(10 + BURST);
  }
});

test('to ask again before its time changes nothing, for itself and for others', async () => {
  await using world = await setupAt(START);
  const refs = await world.enqueue(6);
  for (const ref of refs.slice(0, BURST)) expect(await world.store.takePollTurn(ref, one)).toEqual(granted);
  const waits = async () => Promise.all(refs.slice(BURST).map((ref) => world.store.takePollTurn(ref, one)));
  const first = await waits();
  expect(first).toEqual([100, 200, 300].map((delayMs) => ({ kind: 'wait', delayMs })));
  expect(await waits()).toEqual(first);
});

test('a second question that finds no place books both for the next run', async () => {
  await using world = await setupAt(START);
  const [ref, ...others] = await world.enqueue(4);
  expect(await world.store.takePollTurn(ref, one)).toEqual(granted);
  for (const other of others.slice(0, 2)) await world.store.takePollTurn(other, one);
  expect(await world.store.takePollTurn(ref, { ...one, booked: 2 })).toEqual({ kind: 'wait', delayMs: 2 * EVERY_MS });
  await world.setTime(START + 2 * EVERY_MS);
  expect(await world.store.takePollTurn(ref, one)).toEqual({ kind: 'granted', questions: 2 });
  expect(await world.store.beginSettlement(ref)).toMatchObject({ polls: 2 });
});

test('submit and settlement of one submission do not take the turn of each other', async () => {
  await using world = await setupAt(START);
  const [ref, ...others] = await world.enqueue(4);
  for (const other of others) await world.store.takePollTurn(other, one);
  expect(await world.store.takePollTurn(ref, { leg: 'submit', questions: 2 })).toEqual({ kind: 'wait', delayMs: 2 * EVERY_MS });
  expect(await world.store.takePollTurn(ref, one)).toEqual({ kind: 'wait', delayMs: 3 * EVERY_MS });
});

test('behind a line of ten minutes nothing is booked', async () => {
  await using world = await setupAt(START);
  const [ref] = await world.enqueue();
  const endsAt = START + MAX_LINE_MS + BURST * EVERY_MS;
  await world.redis.hset(`${world.prefix}:poll-line`, { fullAt: endsAt, at: START });
  expect(await world.store.takePollTurn(ref, one)).toEqual({ kind: 'wait', delayMs: MAX_LINE_MS });
  expect(Number(await world.redis.hget(`${world.prefix}:poll-line`, 'fullAt'))).toBe(endsAt);
  expect(Object.keys(await world.submission(ref)).filter((field) => field.startsWith('turn'))).toEqual([]);
});

test('turns that workers missed in an outage are not all taken at once after it', async () => {
  await using world = await setupAt(START);
  const refs = await world.enqueue(10);
  for (const ref of refs) await world.store.takePollTurn(ref, one);
  await world.setTime(START + HOUR_MS);
  const turns = await Promise.all(refs.slice(BURST).map((ref) => world.store.takePollTurn(ref, one)));
  expect(turns.filter(({ kind }) => kind === 'granted')).toHaveLength(BURST);
});

test('the line goes on where it was after the clock of Redis went back', async () => {
  await using world = await setupAt(START + HOUR_MS);
  const refs = await world.enqueue(6);
  for (const ref of refs.slice(0, 5)) await world.store.takePollTurn(ref, one);
  await world.setTime(START);
  expect(await world.store.takePollTurn(refs[5]!, one)).toEqual({ kind: 'wait', delayMs: 3 * EVERY_MS });
  // Its booked time is one of the other clock, and no turn of this line.
  expect(await world.store.takePollTurn(refs[4]!, one)).toEqual({ kind: 'wait', delayMs: 4 * EVERY_MS });
});

test('an empty line is forgotten', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.store.takePollTurn(ref, one);
  const ttlMs = await world.redis.pttl(`${world.prefix}:poll-line`);
  expect(ttlMs).toBeGreaterThan(100);
  expect(ttlMs).toBeLessThanOrEqual(1101);
});

test('a turn of a submission that is not there creates no record of it (I9)', async () => {
  await using world = await setup({ pollRate: { perSecond: 1, burst: 1 } });
  const { generationId } = newGeneration();
  const missing = { generationId, index: 0, n: 1 };
  expect(await world.store.takePollTurn(missing, one)).toEqual(granted);
  expect(await world.store.takePollTurn(missing, one)).toMatchObject({ kind: 'wait' });
  expect(await world.submission(missing)).toEqual({});
});

test.for(['nan', 'inf', '-inf', '9e15', '9007199254740991', '-1', 'x', '', '1e400'])(
  'a line of questions that ends at "%s" holds no run back for long',
  async (stored) => {
    for (const line of [
      { fullAt: stored, at: Date.now() },
      { fullAt: Date.now(), at: stored },
      { fullAt: stored, at: stored },
    ]) {
      await using world = await setup();
      const [ref] = await world.enqueue();
      await world.redis.hset(`${world.prefix}:poll-line`, line);
      expect(await world.store.takePollTurn(ref, one)).toEqual(granted);
    }
  },
);

test('a line of questions of another type is replaced', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.rpush(`${world.prefix}:poll-line`, 'x');
  expect(await world.store.takePollTurn(ref, one)).toEqual(granted);
});

test.for(['', 'x', '1', '1 1', '9e15 1', '9007199254740991 1', '-1 1', '99999999999999 99'])(
  'a booked turn that reads "%s" is booked anew',
  async (stored) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.redis.hset(`${world.prefix}:submission:${ref.generationId}:0-1`, 'turn:settle', stored);
    expect(await world.store.takePollTurn(ref, one)).toEqual(granted);
  },
);
