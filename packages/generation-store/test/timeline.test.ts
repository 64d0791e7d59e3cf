import { knownModels, modelOf, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { aclRulesOf, buildGenerationStore, redisRights } from '../src/index.ts';
import { MOST_STEPS } from '../src/lua/timeline.ts';
import { connectAs } from './connect-as.ts';
import { ended, endedForGood, imageOf, newGeneration, nextOf, retention, setup, type World } from './world.ts';

const keyOf = ({ prefix }: World, { generationId, index, n }: SubmissionRef): string =>
  `${prefix}:submission:${generationId}:${index}-${n}:timeline`;

/** Reads the steps of each submission as words, without their times, which must not go back. */
async function wordsOf({ store }: World, generationId: string): Promise<string[][]> {
  const timelines = await store.findTimeline(generationId);
  return (timelines ?? []).map(({ steps }) => {
    expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).toSorted((one, other) => one - other));
    return steps.map(({ step, number, code }) => [step, number, code].filter((part) => part !== undefined).join(' '));
  });
}

test('it tells each step of an image, with sends, answers, deliveries and ends', async () => {
  await using world = await setup();
  const { store } = world;
  const [ref, other] = await world.enqueue(2);
  if (other === undefined) throw new Error('two were asked for');
  await store.recordVerdict(ref, (await world.open(ref)).send, 'throttled', 'rateLimitExceeded');
  await store.recordVerdict(ref, (await world.open(ref)).send, 'unknown', 'ECONNRESET');
  await store.recordLook(ref, 'known');
  await store.settle(ref, ended(ref, 'failed'));
  const next = nextOf(ref);
  await store.recordVerdict(next, (await world.open(next)).send, 'accepted');
  await store.recordDelivery(next, { body: 'one' });
  await store.recordDelivery(next, { body: 'one' });
  await store.recordFacts(next, { seed: 1 });
  await store.recordFacts(next, { seed: 1 });
  await store.recordMissingImage(next, { maxGapMs: 1000 });
  await store.recordMissingImage(next, { maxGapMs: 1000 });
  await store.recordKeptImage(next, imageOf(next), false);
  await store.recordKeptImage(next, imageOf(next), true);
  await store.settle(next, ended(next, 'succeeded'));
  await store.settle(next, ended(next, 'succeeded'));
  await store.cancel(ref.generationId);
  expect(await wordsOf(world, ref.generationId)).toEqual([
    [
      'enqueued',
      'committed 1',
      'throttled 1 rateLimitExceeded',
      'committed 2',
      'unanswered 2 ECONNRESET',
      'accepted',
      'failed provider.task-failed',
    ],
    ['planned', 'committed 1', 'accepted 1', 'delivered 1', 'made', 'missing', 'verified', 'succeeded'],
    ['enqueued', 'cancelled'],
  ]);
  expect(await store.findTimeline(ref.generationId, 'another')).toBeUndefined();
  expect(await store.findTimeline(newGeneration().generationId)).toBeUndefined();
});

test('it keeps the first steps and the newest, counts those in between, and stays below two kilobytes', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const code = 'a-code-of-forty-characters-the-longest-1';
  for (let sends = 1; sends <= 40; sends += 1) await world.store.recordVerdict(ref, (await world.open(ref)).send, 'throttled', code);
  const [timeline] = (await world.store.findTimeline(ref.generationId)) ?? [];
  const steps = timeline?.steps ?? [];
  expect(steps.length).toBe(MOST_STEPS - 1);
  expect(steps.length + (timeline?.omitted ?? 0)).toBe(1 + 80);
  expect(steps.slice(0, 8).map(({ step, number }) => `${step} ${number ?? ''}`)).toEqual([
    'enqueued ',
    ...[1, 2, 3].flatMap((send) => [`committed ${send}`, `throttled ${send}`]),
    'committed 4',
  ]);
  expect(steps.slice(-3)).toMatchObject([{ number: 39 }, { step: 'committed', number: 40 }, { step: 'throttled', number: 40, code }]);
  expect(await world.redis.strlen(keyOf(world, ref))).toBeLessThan(2048);
});

test('a code of the provider that is none is left out', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  for (const code of ['https://x.example/?token=secret', 'a red door', 'one;1 succeeded', 'x'.repeat(41)])
    await world.store.recordVerdict(ref, (await world.open(ref)).send, 'throttled', code);
  expect((await wordsOf(world, ref.generationId))[0]?.filter((words) => words.startsWith('throttled'))).toEqual(
    [1, 2, 3, 4].map((send) => `throttled ${send}`),
  );
});

test('it ends with its submission, also one that begins after the end', async () => {
  await using world = await setup();
  const { redis, store } = world;
  const [ref] = await world.enqueue();
  await world.send(ref);
  await store.settle(ref, endedForGood(ref, 'lost'));
  expect(await redis.ttl(keyOf(world, ref))).toBeGreaterThan(retention.recordSeconds - 10);
  await redis.del(keyOf(world, ref));
  await store.recordDelivery(ref, { body: 'late' });
  expect(await redis.ttl(keyOf(world, ref))).toBeGreaterThan(retention.recordSeconds - 10);
  await store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await wordsOf(world, ref.generationId)).toEqual([['delivered 1', 'succeeded']]);
  expect(await redis.ttl(keyOf(world, ref))).toBeGreaterThan(retention.recordSeconds - 10);
});

test('a restore of a lost entry brings back its enqueue and its newest intent', async () => {
  await using world = await setup();
  const { redis, prefix, store } = world;
  const order = newGeneration();
  await store.enqueue(order);
  const ref = { generationId: order.generationId, index: 0, n: 1 };
  const { now, intent } = await world.open(ref);
  await redis.del(`${prefix}:generation:${ref.generationId}`, `${prefix}:submission:${ref.generationId}:0-1`, keyOf(world, ref));
  const outline = modelOf(knownModels, order.request).outline(order.request);
  const sent = { round: 0, firstSentAt: now, reservation: intent.reservation };
  await store.restore({ ...order, outline, createdAt: intent.createdAt, submissions: [{ index: 0, n: 1, failures: 0, sent }] });
  expect(await store.findTimeline(ref.generationId)).toMatchObject([
    { steps: [{ step: 'enqueued', at: intent.createdAt }, { step: 'committed', at: now }, { step: 'restored' }] },
  ]);
});

test('a key of another type, and a user that may not write it, cost the timeline alone', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.del(keyOf(world, ref));
  await world.redis.lpush(keyOf(world, ref), 'x');
  await world.send(ref);
  expect(await wordsOf(world, ref.generationId)).toEqual([[]]);
  const grants = redisRights.producer.grants.map((grant) =>
    grant.keys.includes('submission:*') ? { ...grant, commands: ['hget', 'hgetall', 'hset', 'expire'] } : grant,
  );
  const rules = aclRulesOf({ ...redisRights.producer, grants }, world.prefix);
  const redis = await connectAs(world.redis, `old${world.prefix.replaceAll(/\W/g, '')}`, rules);
  const store = buildGenerationStore({ prefix: world.prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const order = newGeneration();
  expect(await store.enqueue(order)).toMatchObject({ kind: 'created' });
  expect(await wordsOf(world, order.generationId)).toEqual([[]]);
});
