import { knownModels, modelOf, type SubmissionRef } from '@darkroom/contracts';
import { photograph } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, newGeneration, setup, type World } from './world.ts';

/** Reads what a caller sees: the view without its revision and its place in the queue. */
async function look({ store }: World, generationId: string): Promise<{ revision: number; seen: string }> {
  const view = await store.find(generationId);
  if (view === undefined) throw new Error('no such generation');
  const { revision, queue: _, ...seen } = view;
  return { revision, seen: JSON.stringify(seen) };
}

const restart = async ({ redis, prefix, store }: World): Promise<void> => {
  await redis.set(`${prefix}:server-run`, 'another');
  expect(await store.confirmComparison(await store.readServerRun())).toBe(true);
};

test('it is 1 after the enqueue, and higher exactly when a caller sees a change, in views, lists and events', async () => {
  await using world = await setup();
  const { store, redis, prefix } = world;
  const order = newGeneration(3, { idempotencyKey: 'one', deadlineAt: Date.now() + 3_600_000 });
  const { generationId } = order;
  await store.enqueue(order);
  const [first, second, third] = [0, 1, 2].map((index): SubmissionRef => ({ generationId, index, n: 1 })) as [
    SubmissionRef,
    SubmissionRef,
    SubmissionRef,
  ];
  const capOf = (images: number) => store.setCaps({ allPerDay: images * IMAGE_NANO_USD });
  let last = await look(world, generationId);
  expect(last.revision).toBe(1);
  const steps: Record<string, () => Promise<unknown>> = {
    'the same enqueue': () => store.enqueue(order),
    'a commit': () => store.commit(first, 'token'),
    'the same commit': () => store.commit(first, 'token'),
    'its acceptance': () => store.recordVerdict(first, 1, 'accepted'),
    'the same acceptance': () => store.recordVerdict(first, 1, 'accepted'),
    'a delivery': () => store.recordDelivery(first, { body: 'one' }),
    'an image': () => store.settle(first, ended(first, 'succeeded')),
    'the same image': () => store.settle(first, ended(first, 'succeeded')),
    'another commit': () => world.open(second),
    'a throttled answer': () => store.recordVerdict(second, 1, 'throttled'),
    'a failure with a resubmission': () => world.send(second).then(() => store.settle(second, ended(second, 'failed'))),
    'a lowered cap': () => capOf(1).then(() => store.commit(third, 'third')),
    'the raised cap': () => capOf(100).then(() => store.commit(third, 'fourth')),
    'an unknown end': () => store.settle(third, endedForGood(third, 'unknown')),
    'a cancel': () => store.cancel(generationId),
    'the same cancel': () => store.cancel(generationId),
    'a late image': () => store.settle(third, ended(third, 'succeeded')),
  };
  const unseen = new Set(['the same enqueue', 'the same commit', 'the same acceptance', 'a delivery', 'the same image', 'the same cancel']);
  for (const [name, step] of Object.entries(steps)) {
    await step();
    const next = await look(world, generationId);
    expect(next.seen !== last.seen, `${name} is seen`).toBe(!unseen.has(name));
    expect(next.revision > last.revision, `${name} raises the revision`).toBe(!unseen.has(name));
    last = next;
  }
  expect((await store.list({}, 10)).generations).toMatchObject([{ generationId, revision: last.revision }]);
  const log = await redis.xrange(`${prefix}:event-log`, '-', '+');
  const told = log.map(([, fields]) => [fields[1], Number(fields[fields.indexOf('revision') + 1])] as const);
  const revisions = told.map(([, revision]) => revision);
  expect(told[0]).toEqual(['generation.queued', 1]);
  expect(told.slice(-2), 'what one script changes has one revision').toEqual([
    ['submission.succeeded', last.revision],
    ['generation.amended', last.revision],
  ]);
  expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
});

test('announcements carry it, and a delivery, which changes nothing that is seen, has none', async () => {
  await using world = await setup();
  const heard: { event: string; revision?: number }[] = [];
  const listener = world.redis.duplicate();
  await listener.psubscribe(`${world.prefix.replaceAll(/[{}]/g, '?')}:events:*`);
  listener.on('pmessage', (_pattern, _channel, text: string) => heard.push(JSON.parse(text) as { event: string; revision?: number }));
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.recordDelivery(ref, { body: 'one' });
  await world.store.settle(ref, ended(ref, 'succeeded'));
  await expect.poll(() => heard.length).toBe(6);
  listener.disconnect();
  expect(heard.map(({ event, revision }) => [event, revision])).toEqual([
    ['generation.queued', 1],
    ['submission.committed', 2],
    ['submission.accepted', 3],
    ['submission.delivered', undefined],
    ['submission.succeeded', 4],
    ['generation.succeeded', 4],
  ]);
});

test('a Redis that went back repeats no revision that a caller has seen', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const goBack = await photograph(world);
  await world.send(ref);
  const seen = await look(world, ref.generationId);
  expect(seen.revision).toBe(3);
  await goBack();
  await restart(world);
  const back = await look(world, ref.generationId);
  expect(back.revision).toBeGreaterThan(seen.revision);
  await world.store.cancel(ref.generationId);
  expect((await look(world, ref.generationId)).revision).toBe(back.revision + 1);
  await restart(world);
  expect((await look(world, ref.generationId)).revision).toBeGreaterThan(back.revision + 1);
  const [after] = await world.enqueue();
  expect((await look(world, after.generationId)).revision, 'a new one begins at 1').toBe(1);
});

test('an entry that came back from S3 has a higher revision than before, in the same memory of Redis, too', async () => {
  await using world = await setup();
  const order = newGeneration();
  await world.store.enqueue(order);
  const ref = { generationId: order.generationId, index: 0, n: 1 };
  await world.send(ref);
  const before = await look(world, ref.generationId);
  const createdAt = Number((await world.generation(ref.generationId))['createdAt']);
  await world.redis.del(`${world.prefix}:generation:${ref.generationId}`, `${world.prefix}:submission:${ref.generationId}:0-1`);
  const outline = modelOf(knownModels, order.request).outline(order.request);
  await world.store.restore({ ...order, outline, createdAt, submissions: [{ index: 0, n: 1, failures: 0 }] });
  expect((await look(world, ref.generationId)).revision).toBeGreaterThan(before.revision);
});

test('an entry of an earlier version counts from 1', async () => {
  await using world = await setup();
  const [{ generationId }] = await world.enqueue();
  await world.redis.hdel(`${world.prefix}:generation:${generationId}`, 'revision');
  expect((await look(world, generationId)).revision).toBe(1);
  expect((await world.store.list({}, 1)).generations).toMatchObject([{ revision: 1 }]);
  await world.store.cancel(generationId);
  expect((await look(world, generationId)).revision).toBe(2);
});
