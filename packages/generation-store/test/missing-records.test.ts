import { expect, test } from 'vitest';
import type { GenerationStore } from '../src/index.ts';
import { ended, imageOf, newGeneration, setup } from './world.ts';

const generationId = newGeneration().generationId;
const unknown = { generationId, index: 0, n: 1 };

/** Every update there is, and what it answers about a generation that Redis does not have. */
const updates: Readonly<Record<string, readonly [update: (store: GenerationStore) => Promise<unknown>, answer: unknown]>> = {
  commit: [(store) => store.commit(unknown, 't'), { kind: 'stop', reason: 'no-record', detail: '' }],
  adoptIntent: [(store) => store.adoptIntent(unknown, 1), undefined],
  recordVerdict: [(store) => store.recordVerdict(unknown, 1, 'accepted'), 'unproven'],
  beginSettlement: [(store) => store.beginSettlement(unknown), undefined],
  recordRefusalSeen: [(store) => store.recordRefusalSeen(unknown, 1), undefined],
  recordLook: [(store) => store.recordLook(unknown, 'known'), 0],
  recordMissingImage: [(store) => store.recordMissingImage(unknown, { maxGapMs: 1000 }), 0],
  recordQuestion: [(store) => store.recordQuestion(unknown, { seq: 1, againInMs: 1000 }), undefined],
  recordKeptImage: [(store) => store.recordKeptImage(unknown, imageOf(unknown), true), undefined],
  recordFacts: [(store) => store.recordFacts(unknown, { seed: 1 }), undefined],
  'settle as succeeded': [(store) => store.settle(unknown, ended(unknown, 'succeeded')), { kind: 'no-record' }],
  'settle as failed': [(store) => store.settle(unknown, ended(unknown, 'failed')), { kind: 'no-record' }],
  newestDelivery: [(store) => store.newestDelivery(unknown), 0],
  find: [(store) => store.find(generationId), undefined],
  cancel: [(store) => store.cancel(generationId), undefined],
};

test.each(Object.keys(updates))('"%s" creates nothing for a generation that is not there (I9)', async (name) => {
  await using world = await setup();
  const before = await world.keyspace();
  const [update, answer] = updates[name]!;
  expect(await update(world.store)).toEqual(answer);
  expect(await world.keyspace()).toEqual(before);
});

test.each(Object.keys(updates).filter((name) => !['find', 'cancel'].includes(name)))(
  '"%s" creates nothing for a submission that its generation does not have',
  async (name) => {
    await using world = await setup();
    await world.store.enqueue(newGeneration(1, { generationId }));
    const missing = { ...unknown, n: 2 };
    // The record of the first submission goes, and with it what the update is about.
    await world.redis.rename(
      `${world.prefix}:submission:${generationId}:0-1`,
      `${world.prefix}:submission:${generationId}:0-${missing.n + 1}`,
    );
    const before = await world.keyspace();
    const [update, answer] = updates[name]!;
    expect(await update(world.store)).toEqual(answer);
    expect(await world.keyspace()).toEqual(before);
  },
);

test('a delivery that belongs to nothing is kept apart', async () => {
  await using world = await setup();
  const before = await world.keyspace();
  expect(await world.store.recordDelivery(unknown, { body: '{"a":1}' })).toEqual({ kind: 'unknown-submission', seq: 0, isAsked: false });
  expect(await world.keyspace()).toEqual({
    ...before,
    [`${world.prefix}:deliveries-unclaimed`]: [`${generationId}/0-1 {"a":1}`],
  });
});
