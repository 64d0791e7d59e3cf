import { expect, test } from 'vitest';
import { createHistory } from './history.ts';

/** Judges an original and its retry. */
async function judgeRetry(live: (history: ReturnType<typeof createHistory>) => void) {
  const history = createHistory();
  live(history);
  const { paidTwice, paidAgain, failedWrongly } = (await history.judge()).judgement;
  return { paidTwice: paidTwice.length, paidAgain: paidAgain.length, failedWrongly: failedWrongly.length };
}

test.each([
  [false, { paidTwice: 1, paidAgain: 0, failedWrongly: 0 }],
  [true, { paidTwice: 0, paidAgain: 1, failedWrongly: 0 }],
])('a second purchase of an image counts as paid twice, unless its caller accepts it: %s', async (mayPayAgain, counts) => {
  const judged = await judgeRetry((history) => {
    const original = history.order();
    history.bought(original);
    history.bought(history.order({ retryOf: { id: original.generationId, images: [0] }, mayPayAgain }));
  });
  expect(judged).toEqual(counts);
});

test('a retry of an image that was never made counts nothing, and two retries that buy it count once', async () => {
  const judged = await judgeRetry((history) => {
    const original = history.order({ cancelledAt: 2000 });
    history.ended(original, 'cancelled', 'failed');
    const retryOf = { id: original.generationId, images: [0] };
    history.bought(history.order({ retryOf }));
    history.bought(history.order({ retryOf }));
  });
  expect(judged).toEqual({ paidTwice: 1, paidAgain: 0, failedWrongly: 0 });
});

test.each([
  ['succeeded', false, 0],
  ['unknown', false, 0],
  ['failed', false, 1],
  ['succeeded', true, 0],
  ['unknown', true, 1],
] as const)(
  'a retry that Redis forgot after its end, of an original that is %s, may pay again: %s, stuck: %d',
  async (status, mayPayAgain, stuck) => {
    const history = createHistory();
    const original = history.order();
    history.ended(original, 'failed', status === 'succeeded' ? status : 'failed');
    history.settled(original, status);
    const retry = history.order({ retryOf: { id: original.generationId, images: [0] }, mayPayAgain });
    history.generations[retry.generationId] = null;
    const { judgement } = await history.judge();
    expect(judgement.stuck.filter((line) => line.startsWith(retry.generationId))).toHaveLength(stuck);
  },
);
