import type { SubmissionResult } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, imageOf, setup } from './world.ts';

const nothing = { reserved: 0, settled: 0 };

test.each<{ status: SubmissionResult['status']; cost: number; becomes: string; spent: { reserved: number; settled: number } }>([
  { status: 'succeeded', cost: 18_000_000, becomes: 'succeeded', spent: { reserved: 0, settled: 18_000_000 } },
  { status: 'failed', cost: 0, becomes: 'failed', spent: nothing },
  { status: 'failed', cost: 5_000_000, becomes: 'failed', spent: { reserved: 0, settled: 5_000_000 } },
  { status: 'lost', cost: IMAGE_NANO_USD, becomes: 'failed', spent: { reserved: 0, settled: IMAGE_NANO_USD } },
  { status: 'unknown', cost: 0, becomes: 'failed', spent: { reserved: IMAGE_NANO_USD, settled: 0 } },
])('an end as "$status" at $cost makes the generation "$becomes" and moves its money', async ({ status, cost, becomes, spent }) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.settle(ref, endedForGood(ref, status, { costNanoUsd: cost }))).toEqual({ kind: 'settled' });
  expect(await world.submission(ref)).toMatchObject({ status });
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: becomes,
    amended: false,
    images: [{ status, submissionStatus: status }],
  });
  expect(await world.spent()).toEqual(spent);
});

test('money is settled in the periods in which it was held', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const yesterday = 'all:day:2026-11-21 all:month:2026-11 tenant:acme:day:2026-11-21 tenant:acme:month:2026-11';
  const heldToday = Object.keys(await world.ledger());
  await world.redis.hset(`${world.prefix}:submission:${ref.generationId}:0-1`, 'periods', yesterday);
  for (const period of yesterday.split(' ')) await world.redis.hset(`${world.prefix}:spend:${period}`, { reserved: IMAGE_NANO_USD });
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  const ledger = await world.ledger();
  for (const period of yesterday.split(' ')) expect(ledger[period]).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  const others = heldToday.filter((period) => !yesterday.split(' ').includes(period));
  for (const period of others) expect(ledger[period]).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
});

test('the same end twice is one end', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  const before = await world.keyspace();
  expect(await world.store.settle(ref, endedForGood(ref, 'succeeded'))).toEqual({ kind: 'already' });
  expect(await world.keyspace()).toEqual(before);
});

test('a final status never moves back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  const before = await world.keyspace();
  for (const status of ['failed', 'lost', 'unknown'] as const) {
    expect(await world.store.settle(ref, ended(ref, status))).toEqual({ kind: 'refused-move', from: 'succeeded' });
  }
  expect(await world.keyspace()).toEqual(before);
});

test.each(['cancelled', 'expired'] as const)(
  'an image given up because its generation was %s closes a generation that Redis takes for open',
  async (status) => {
    await using world = await setup();
    const [first, second] = await world.enqueue(2);
    await world.send(first, 'throttled');
    await world.store.settle(first, endedForGood(first, 'failed', { code: `generation.${status}`, countsAsFailure: false }));
    expect(await world.store.find(first.generationId)).toMatchObject({ status, images: [{ status: 'failed' }, { status: 'failed' }] });
    expect(await world.store.commit(second ?? first, 'token')).toMatchObject({ kind: 'stop', reason: 'settled' });
    expect(await world.spent()).toEqual(nothing);
  },
);

test('an unsent submission cannot succeed', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  expect(await world.store.settle(ref, ended(ref, 'succeeded'))).toEqual({ kind: 'refused-move', from: 'planned' });
});

test('an unknown outcome gives its money back once it is known to have failed', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.store.settle(ref, ended(ref, 'unknown'));
  expect(await world.store.settle(ref, ended(ref, 'failed'))).toEqual({ kind: 'settled' });
  expect(await world.spent()).toEqual(nothing);
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'failed',
    reservedUsd: '0',
    images: [{ status: 'failed', submissions: 1 }],
  });
});

test('a generation with images and failures is partial', async () => {
  await using world = await setup();
  const [first, second] = await world.enqueue(2);
  await world.send(first);
  await world.send(second!);
  await world.store.settle(first, ended(first, 'succeeded'));
  expect(await world.store.find(first.generationId)).toMatchObject({ status: 'running' });
  await world.store.settle(second!, endedForGood(second!, 'failed'));
  expect(await world.store.find(first.generationId)).toMatchObject({
    status: 'partial',
    costUsd: '0.02',
    finishedAt: expect.any(Number),
    images: [{ status: 'succeeded', image: imageOf(first) }, { status: 'failed' }],
  });
});

test('all the last images at once finish the generation once', async () => {
  await using world = await setup();
  const rounds = Array.from({ length: 25 }, async () => {
    const refs = await world.enqueue(8);
    await Promise.all(refs.map((ref) => world.send(ref)));
    return refs;
  });
  const generations = await Promise.all(rounds);
  const finished: string[] = [];
  await using listener = await listen(world.redis.duplicate(), `${world.prefix}:events:*`, (text) => {
    const { event, generationId } = JSON.parse(text) as { event: string; generationId: string }; // our own announcement
    if (event === 'generation.succeeded') finished.push(generationId);
  });
  await Promise.all(generations.flat().map((ref) => world.store.settle(ref, ended(ref, 'succeeded'))));
  await listener.drained();
  expect(finished.toSorted()).toEqual(generations.map(([{ generationId }]) => generationId).toSorted());
  expect(await world.spent()).toEqual({ reserved: 0, settled: 25 * 8 * IMAGE_NANO_USD });
});

/** Hears everything that is published until `drained`: a message of our own comes back after all that was sent before it. */
async function listen(
  subscriber: Redis,
  pattern: string,
  hear: (text: string) => void,
): Promise<{ drained(): Promise<void> } & AsyncDisposable> {
  const probe = pattern.replace('*', 'probe');
  let onProbe: () => void = () => undefined;
  subscriber.on('pmessage', (_pattern, channel, text: string) => (channel === probe ? onProbe() : hear(text)));
  await subscriber.psubscribe(pattern);
  const publisher = subscriber.duplicate();
  return {
    drained: async () => {
      const heard = new Promise<void>((resolve) => (onProbe = resolve));
      await publisher.publish(probe, '');
      await heard;
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all([subscriber.quit(), publisher.quit()])),
  };
}
