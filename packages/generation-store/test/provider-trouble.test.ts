import { expect, test } from 'vitest';
import type { ProviderTrouble } from '../src/index.ts';
import { setup, setupAt } from './world.ts';

const START = Date.UTC(2026, 5, 1, 12);
const trouble: ProviderTrouble = { generationId: 'one', tolerated: 3, firstWaitMs: 1000, maxWaitMs: 5000 };
const asked: ProviderTrouble = { ...trouble, tolerated: 1 };

test('so many failures in a row are bad luck, and one answer in between starts the row again', async () => {
  await using world = await setup();
  for (const failures of [1, 2]) {
    expect(await world.store.reportTrouble({ ...trouble, generationId: `failed ${failures}` })).toBe(0);
    const [ref] = await world.enqueue();
    expect(await world.open(ref)).toMatchObject({ providerFailures: failures });
  }
  await world.store.reportAnswer();
  expect(await world.store.findFailedSends()).toBeUndefined();
  expect(await world.store.reportTrouble(trouble)).toBe(0);
  expect(await world.store.findTrouble()).toBeUndefined();
});

test('an operator sees failed sends that are too few to stop the fleet', async () => {
  await using world = await setupAt(START);
  for (const generationId of ['a', 'a', 'b']) await world.store.reportTrouble({ ...trouble, generationId });
  expect(await world.store.findFailedSends()).toEqual({ since: START, generations: 2 });
  await world.store.reportTrouble({ ...trouble, generationId: 'c' });
  expect(await world.store.findFailedSends()).toBeUndefined();
  expect(await world.store.findTrouble()).toMatchObject({ failures: 3 });
});

test('an operator sees with which code the last send failed, and no text of a gateway', async () => {
  await using world = await setupAt(START);
  await world.store.reportTrouble({ ...trouble, generationId: 'a', code: 'REQUEST_TIMEOUT' });
  expect(await world.store.findFailedSends()).toEqual({ since: START, generations: 1, code: 'REQUEST_TIMEOUT' });
  await world.store.reportTrouble({ ...trouble, generationId: 'a', code: 'HTTP_503' });
  expect(await world.store.findFailedSends()).toEqual({ since: START, generations: 1, code: 'HTTP_503' });
  await world.store.reportTrouble({ ...trouble, generationId: 'b', code: 'rateLimitExceeded' });
  await world.store.reportTrouble({ ...trouble, generationId: 'c', code: '<h1>no code</h1>' });
  expect(await world.store.findTrouble()).toEqual({ since: START, failures: 3, probeAt: START + 1000 });
});

test('one generation counts once, however often its sends come to nothing', async () => {
  await using world = await setup();
  for (let sends = 0; sends < 10; sends += 1) expect(await world.store.reportTrouble(trouble)).toBe(0);
  expect(await world.store.findTrouble()).toBeUndefined();
  const [ref] = await world.enqueue();
  expect(await world.open(ref)).toMatchObject({ providerFailures: 1 });
});

test('one more, and nothing is sent for a while; then one send of the fleet tries, and the others wait for it', async () => {
  await using world = await setupAt(START);
  const waits = [
    await world.store.reportTrouble({ ...trouble, generationId: 'a' }),
    await world.store.reportTrouble({ ...trouble, generationId: 'b' }),
    await world.store.reportTrouble({ ...trouble, generationId: 'c' }),
  ];
  expect(waits).toEqual([0, 0, 1000]);
  expect(await world.store.findTrouble()).toEqual({ since: START, failures: 3, probeAt: START + 1000 });
  const refs = await world.enqueue(5);
  await world.setTime(START + 400);
  const stopped = { kind: 'stop', reason: 'provider-trouble', waitMs: 600 };
  expect(await world.store.commit(refs[0], 'early')).toMatchObject(stopped);

  await world.setTime(START + 1000);
  const commitments = await Promise.all(refs.map((ref, at) => world.store.commit(ref, `token-${at}`)));
  expect(commitments.filter(({ kind }) => kind === 'go')).toMatchObject([{ providerFailures: 3 }]);
  expect(commitments.filter(({ kind }) => kind === 'stop')).toHaveLength(4);
  expect(commitments).toContainEqual(expect.objectContaining({ reason: 'provider-trouble', waitMs: 1000 }));
});

test('after an answer of the provider all workers go on', async () => {
  await using world = await setup();
  await world.store.reportTrouble(asked);
  const refs = await world.enqueue(3);
  expect(await world.store.commit(refs[0], 'before')).toMatchObject({ kind: 'stop' });
  await world.store.reportAnswer();
  for (const ref of refs) expect(await world.open(ref)).toMatchObject({ providerFailures: 0 });
});

test('the wait doubles with each try up to the longest, and not with each send that was under way when it began', async () => {
  await using world = await setupAt(START);
  const refs = await world.enqueue(9);
  await world.store.reportTrouble(asked);
  for (let sends = 0; sends < 5; sends += 1) expect(await world.store.reportTrouble(asked)).toBe(1000);
  let now = START;
  const waits = [];
  for (const ref of refs.slice(0, 5)) {
    now += waits.at(-1) ?? 1000;
    await world.setTime(now);
    await world.open(ref);
    waits.push(await world.store.reportTrouble(trouble));
  }
  expect(waits).toEqual([2000, 4000, 5000, 5000, 5000]);
});

test('a wait that the provider asks for is kept, and not cut short by a failure beside it', async () => {
  await using world = await setupAt(START);
  expect(await world.store.reportTrouble({ ...asked, askedWaitMs: 60_000 })).toBe(60_000);
  expect(await world.store.reportTrouble(trouble)).toBe(60_000);
  // What was asked for once is no reason to wait as long the next time.
  await world.setTime(START + 60_000);
  const [ref] = await world.enqueue();
  await world.open(ref);
  expect(await world.store.reportTrouble(trouble)).toBe(2000);
});

test('a process that dies with the send that was to try is replaced after the same wait', async () => {
  await using world = await setupAt(START);
  await world.store.reportTrouble(asked);
  const [first, second] = await world.enqueue(2);
  await world.setTime(START + 1000);
  await world.open(first);
  await world.setTime(START + 1999);
  expect(await world.store.commit(second ?? first, 'a')).toMatchObject({ kind: 'stop', waitMs: 1 });
  await world.setTime(START + 2000);
  await world.open(second ?? first);
});

test('a submission that may not be bought for another reason does not take the place of the trial request', async () => {
  await using world = await setupAt(START);
  const [cancelled] = await world.enqueue();
  await world.store.cancel(cancelled.generationId);
  const [wanted] = await world.enqueue();
  await world.store.reportTrouble(asked);
  await world.setTime(START + 1000);
  expect(await world.store.commit(cancelled, 'a')).toMatchObject({ kind: 'stop', reason: 'settled' });
  await world.open(wanted);
});

test('a stopped commit makes no hold', async () => {
  await using world = await setupAt(START);
  const [later] = await world.enqueue(1, { runAt: START + 500 });
  await world.store.reportTrouble(asked);
  await world.setTime(START + 600);
  expect(await world.store.commit(later, 'a')).toMatchObject({ kind: 'stop', reason: 'provider-trouble' });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
});

test.each([
  ['a hash of nonsense', (key: string) => ['HSET', key, 'failures', 'many', 'probeAt', 'soon']],
  ['half a hash', (key: string) => ['HSET', key, 'probeAt', '9999999999999']],
  ['no hash', (key: string) => ['SET', key, 'x']],
])('unreadable trouble is forgotten, and stops no worker: %s', async (_, spoil) => {
  await using world = await setup();
  const [first, second] = await world.enqueue(2);
  const [command = '', ...rest] = spoil(`${world.prefix}:provider-trouble`);
  await world.redis.call(command, ...rest);
  expect(await world.open(first)).toMatchObject({ providerFailures: 0 });
  await world.redis.call(command, ...rest);
  expect(await world.store.reportTrouble(trouble)).toBe(0);
  await world.open(second ?? first);
});
