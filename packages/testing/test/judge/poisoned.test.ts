import { describe, expect, test } from 'vitest';
import { createHistory } from './history.ts';
import { clean, judged, PRICE_NANO_USD, type History, type Ref } from './judged.ts';

/** Adds what a product leaves for a blocked order: an unknown image, with its money on hold. */
function isBlocked(history: History, isPoisoned: boolean, more: (ref: Ref) => void = () => undefined): void {
  const ref = history.order(isPoisoned ? { isPoisoned } : {});
  more(ref);
  history.generations[ref.generationId] = {
    status: 'failed',
    images: [{ index: 0, status: 'unknown', submissionStatus: 'unknown', submissions: ref.n, code: 'provider.blocked', unrefusedSends: 4 }],
    finishedAt: 5_000,
  };
  history.book({ held: PRICE_NANO_USD });
}

describe('a blocked image', () => {
  test('is unproven if a server on the way answered its sends and the provider never accepted it', async () => {
    expect(await judged((history) => isBlocked(history, true))).toEqual(clean);
    const history = createHistory();
    isBlocked(history, true);
    const { judgement } = await history.judge();
    expect(judgement.blocked).toEqual([expect.stringContaining('provider.blocked')]);
    expect(judgement.unproven).toEqual(judgement.blocked);
  });

  test('is unproven also while it is open without sends left, and stuck if it was never sent or no server answered in the provider’s place', async () => {
    const open = (isPoisoned: boolean, unrefusedSends: number) => (history: History) => {
      isBlocked(history, isPoisoned, () => undefined);
      const id = history.orders.at(-1)?.ids[0] ?? '';
      const image = { index: 0, status: 'open', submissionStatus: 'committed', submissions: 1, unrefusedSends };
      history.generations[id] = { status: 'running', images: [image] };
    };
    expect(await judged(open(true, 7))).toEqual(clean);
    for (const happen of [open(true, 0), open(false, 7)]) expect(await judged(happen)).toMatchObject({ stuck: 1 });
  });

  test.each([
    ['no server answered in the provider’s place', false, () => undefined],
    ['the provider accepted it', true, (history: History, ref: Ref) => history.accepted(ref)],
    [
      'no server answered in the provider’s place, and its id was used up',
      false,
      (history: History, ref: Ref) => {
        for (const code of ['rateLimit', 'rateLimit', 'conflictTaskUUID']) history.refused(ref, 429, code);
      },
    ],
  ] as const)('has failed wrongly if %s', async (_, isPoisoned, more) => {
    const counts = await judged((history) => isBlocked(history, isPoisoned, (ref) => more(history, ref)));
    expect(counts).toMatchObject({ failedWrongly: 1, ledgerDifferenceNanoUsd: PRICE_NANO_USD });
  });
});

test('a pause of the whole fleet at the end fails the run', async () => {
  expect(await judged((history) => void history.pauses.push('account: HTTP_403'))).toEqual({ ...clean, stuck: 1 });
});
