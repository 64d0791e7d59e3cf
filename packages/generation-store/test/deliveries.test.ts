import { expect, test } from 'vitest';
import { MAX_DELIVERIES } from '../src/purchase/deliveries.ts';
import { newGeneration, setup } from './world.ts';

test('distinct deliveries are numbered, and a repeated one keeps the number of the newest', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  expect(await world.store.newestDelivery(ref)).toBe(0);
  const isAsked = false;
  expect(await world.store.recordDelivery(ref, { body: 'first' })).toEqual({ kind: 'recorded', seq: 1, status: 'planned', isAsked });
  await world.send(ref);
  expect(await world.store.recordDelivery(ref, { body: 'second' })).toEqual({ kind: 'recorded', seq: 2, status: 'accepted', isAsked });
  expect(await world.store.recordDelivery(ref, { body: 'first' })).toEqual({ kind: 'duplicate', seq: 2, status: 'accepted', isAsked });
  expect(await world.store.newestDelivery(ref)).toBe(2);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ deliverySeq: 2 });
});

test('a delivery that is not kept tells whether a question was put after the newest one', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const asked = async (body: string) => (await world.store.recordDelivery(ref, { body })).isAsked;
  await world.store.recordDelivery(ref, { body: '1' });
  await world.store.recordQuestion(ref, { seq: 1, againInMs: 60_000 });
  expect([await asked('1'), await asked('2'), await asked('1')]).toEqual([true, false, false]);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ deliverySeq: 2, asked: { seq: 1 } });
  for (let at = 3; at <= MAX_DELIVERIES; at += 1) await world.store.recordDelivery(ref, { body: `${at}` });
  expect(await asked('one too many')).toBe(false);
  await world.store.recordQuestion(ref, { seq: MAX_DELIVERIES, againInMs: 60_000 });
  expect(await asked('one too many')).toBe(true);
});

test('a note of a question that cannot be read, or lies ahead of Redis time, keeps no run from asking', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.store.recordDelivery(ref, { body: '1' });
  const key = `${world.prefix}:submission:${ref.generationId}:0-1`;
  const asked = async (note: string) => {
    await world.redis.hset(key, 'asked', note);
    return (await world.store.beginSettlement(ref))?.asked;
  };
  for (const note of ['', 'x', '1 2', '1 2 3 4', '-1 2 3', `1 ${'9'.repeat(20)} 1`]) expect(await asked(note), note).toBeUndefined();
  expect(await asked(`1 ${Date.now() + 3_600_000} 60000`)).toEqual({ seq: 1, leftMs: 0 });
  expect((await asked(`1 ${Date.now() - 10_000} 60000`))?.leftMs).toBeGreaterThan(0);
});

test('deliveries at once get numbers of their own', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const receipts = await Promise.all(Array.from({ length: 10 }, (_, at) => world.store.recordDelivery(ref, { body: `body ${at}` })));
  expect(receipts.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a flood is bounded, and still known where it was kept', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  for (let at = 1; at <= MAX_DELIVERIES; at += 1) await world.store.recordDelivery(ref, { body: `body ${at}` });
  expect(await world.store.recordDelivery(ref, { body: 'one more' })).toMatchObject({ kind: 'overflow', seq: MAX_DELIVERIES });
  expect(await world.store.recordDelivery(ref, { body: 'body 1' })).toMatchObject({ kind: 'duplicate', seq: MAX_DELIVERIES });
  expect(await world.redis.hlen(`${world.prefix}:deliveries:${ref.generationId}:0-1`)).toBe(MAX_DELIVERIES);
});

test('a body is kept as it came', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const body = '{"data":[{"x":"քայլ \\u0000 \\"quoted\\" </script>"}]}\n';
  await world.store.recordDelivery(ref, { body });
  const [kept] = await world.redis.hvals(`${world.prefix}:deliveries:${ref.generationId}:0-1`);
  expect(JSON.parse(kept!)).toEqual({ seq: 1, at: expect.any(Number), body });
});

test('deliveries that belong to nothing are bounded too', async () => {
  await using world = await setup();
  const ref = { generationId: newGeneration().generationId, index: 0, n: 1 };
  await Promise.all(Array.from({ length: 1100 }, (_, at) => world.store.recordDelivery(ref, { body: `body ${at}` })));
  const kept = await world.redis.lrange(`${world.prefix}:deliveries-unclaimed`, 0, -1);
  expect(kept).toHaveLength(1000);
  expect(kept[0]).toContain('body 1099');
});

test('the store keeps the beginning of a long body, and tells two bodies apart that differ at their end', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const long = 'x'.repeat(200_000);
  expect(await world.store.recordDelivery(ref, { body: `${long}1` })).toMatchObject({ kind: 'recorded', seq: 1 });
  expect(await world.store.recordDelivery(ref, { body: `${long}2` })).toMatchObject({ kind: 'recorded', seq: 2 });
  expect(await world.store.recordDelivery(ref, { body: `${long}2` })).toMatchObject({ kind: 'duplicate', seq: 2 });
  for (const kept of await world.redis.hvals(`${world.prefix}:deliveries:${ref.generationId}:0-1`))
    expect(kept.length).toBeLessThan(10_000);
});

const facts = { seed: 7, costNanoUsd: 20_000_000, imageUUID: 'c62f6951-f37f-4019-a51c-0ed55c202732', nsfwContent: false };

test('the entry keeps the facts of deliveries once, and calls them unclear for good when deliveries disagree', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const told = async () => (await world.store.beginSettlement(ref))?.told;
  await world.store.recordDelivery(ref, { body: 'running', told: 'nothing' });
  expect(await told()).toBeUndefined();
  await world.store.recordDelivery(ref, { body: 'one', told: facts });
  const first = await told();
  expect(first).toEqual({ what: facts, at: expect.any(Number) });
  await world.store.recordDelivery(ref, { body: 'the same', told: { ...facts } });
  expect(await told()).toEqual(first);
  await world.store.recordDelivery(ref, { body: 'other', told: { ...facts, seed: 8 } });
  await world.store.recordDelivery(ref, { body: 'the first again', told: facts });
  expect(await told()).toEqual({ ...first, what: 'unclear' });
});

test.each([
  ['before', [facts, 'unclear'] as const],
  ['after', ['unclear', facts] as const],
])('facts are unclear with a delivery of something else %s them', async (_, [first, second]) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.store.recordDelivery(ref, { body: 'first', told: first });
  await world.store.recordDelivery(ref, { body: 'second', told: second });
  expect(await world.store.beginSettlement(ref)).toMatchObject({ told: { what: 'unclear' } });
});

test('the true delivery after a flood of false ones still shows that they disagree', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  for (let at = 1; at <= MAX_DELIVERIES; at += 1)
    await world.store.recordDelivery(ref, { body: `false ${at}`, told: { ...facts, seed: 1 } });
  expect(await world.store.recordDelivery(ref, { body: 'true', told: facts })).toMatchObject({ kind: 'overflow' });
  expect(await world.store.beginSettlement(ref)).toMatchObject({ told: { what: 'unclear' } });
});
