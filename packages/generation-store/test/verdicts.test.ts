import type { SubmitVerdict } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import type { VerdictMeaning } from '../src/index.ts';
import { ended, setup } from './world.ts';

type Verdict = SubmitVerdict['kind'];
type Earlier = 'none' | 'unproven' | 'rejected';

/** Meaning of a verdict, by the outcome of the send before it, and the status of the submission after it. */
const meanings: Readonly<Record<Verdict, Readonly<Record<Earlier, readonly [VerdictMeaning, status: string]>>>> = {
  accepted: { none: ['accepted', 'accepted'], unproven: ['accepted', 'accepted'], rejected: ['accepted', 'accepted'] },
  unknown: { none: ['unproven', 'committed'], unproven: ['unproven', 'committed'], rejected: ['unproven', 'committed'] },
  conflict: { none: ['unproven', 'committed'], unproven: ['unproven', 'committed'], rejected: ['unproven', 'committed'] },
  refused: { none: ['refused', 'committed'], unproven: ['unproven', 'committed'], rejected: ['refused', 'committed'] },
  throttled: { none: ['planned', 'planned'], unproven: ['unproven', 'committed'], rejected: ['planned', 'planned'] },
  account: { none: ['planned', 'planned'], unproven: ['unproven', 'committed'], rejected: ['planned', 'planned'] },
  'not-sent': { none: ['planned', 'planned'], unproven: ['unproven', 'committed'], rejected: ['planned', 'planned'] },
};
const verdictOfEarlier = { none: undefined, unproven: 'unknown', rejected: 'throttled' } as const;
const table = Object.entries(meanings).flatMap(([verdict, row]) =>
  Object.entries(row).map(([earlier, [meaning, status]]) => ({
    verdict: verdict as Verdict, // a key of the table
    earlier: earlier as Earlier, // a key of its row
    meaning,
    status,
  })),
);

describe('the meaning of a verdict', () => {
  test.each(table)(
    '"$verdict" after an earlier send that was "$earlier" means "$meaning"',
    async ({ verdict, earlier, meaning, status }) => {
      await using world = await setup();
      const [ref] = await world.enqueue();
      const before = verdictOfEarlier[earlier];
      if (before !== undefined) await world.send(ref, before);
      const { send } = await world.open(ref);
      expect(await world.store.recordVerdict(ref, send, verdict)).toBe(meaning);
      expect(await world.submission(ref)).toMatchObject({ status });
      const written = await world.keyspace();
      expect(await world.store.recordVerdict(ref, send, verdict), 'a second time').toBe(meaning);
      expect(await world.keyspace(), 'a second time').toEqual(written);
    },
  );
});

test('a refusal does not undo what another send may have bought', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const first = await world.open(ref);
  const second = await world.open(ref);
  expect(await world.store.recordVerdict(ref, second.send, 'accepted')).toBe('accepted');
  expect(await world.store.recordVerdict(ref, first.send, 'refused')).toBe('unproven');
  expect(await world.submission(ref)).toMatchObject({ status: 'accepted' });
});

test('a send without a verdict keeps the next one from being refused for good', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.open(ref);
  expect(await world.send(ref, 'refused')).toBe('unproven');
  expect(await world.submission(ref)).toMatchObject({ status: 'committed', 'send:1': 'open' });
});

test('each proved refusal starts one round, also when it is told again after a newer send', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const first = await world.open(ref);
  await world.store.recordVerdict(ref, first.send, 'throttled');
  const second = await world.open(ref);
  await world.store.recordVerdict(ref, second.send, 'unknown');
  await world.store.recordVerdict(ref, first.send, 'throttled');
  expect(await world.submission(ref)).toMatchObject({ round: '1', status: 'committed', 'send:2': 'unknown' });
});

test('a verdict that comes after the image does not move the submission back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const { send } = await world.open(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.store.recordVerdict(ref, send, 'accepted')).toBe('accepted');
  expect(await world.submission(ref)).toMatchObject({ status: 'succeeded' });
});

describe('the verdict of a send that Redis forgot', () => {
  test.each([
    ['accepted', 'accepted', 'accepted'],
    ['conflict', 'unproven', 'committed'],
    ['unknown', 'unproven', 'committed'],
    ['refused', 'planned', 'planned'],
    ['throttled', 'planned', 'planned'],
  ] as const)('"%s" means "%s", and its number is not given away again', async (verdict, meaning, status) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    expect(await world.store.recordVerdict(ref, 1, verdict)).toBe(meaning);
    expect(await world.submission(ref)).toMatchObject({ status, sends: '1', firstSentAt: expect.any(String) });
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
    if (verdict !== 'accepted' && verdict !== 'conflict')
      expect(await world.open(ref)).toMatchObject({ send: 2, fresh: verdict !== 'unknown' });
  });

  test('keeps its money through a cancel, when it may have bought', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.store.recordVerdict(ref, 1, 'unknown');
    await world.store.cancel(ref.generationId);
    expect(await world.submission(ref)).toMatchObject({ status: 'committed', held: '1' });
    expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'stop', reason: 'closed' });
  });

  test('keeps a refusal of the next send from being final, when it may have bought', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.store.recordVerdict(ref, 1, 'unknown');
    expect(await world.send(ref, 'refused')).toBe('unproven');
    expect(await world.send(ref, 'accepted')).toBe('accepted');
  });
});
