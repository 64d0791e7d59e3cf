import { expect, test } from 'vitest';
import { predictForgetting } from '../../src/judge/forgetting.ts';
import { createHistory } from './history.ts';

type History = ReturnType<typeof createHistory>;

/** Predicts from a history whose lines are 100 ms apart. */
async function predicted(forgetAfterMs: number, happen: (history: History, ref: ReturnType<History['order']>) => void) {
  const history = createHistory();
  happen(history, history.order());
  const { evidence } = await history.judge();
  return predictForgetting(evidence.bill, forgetAfterMs);
}

const nothing = { executions: 0, nanoUsd: 0 };
const one = { executions: 1, nanoUsd: 20_000_000 };

const sendAgain = (history: History, ref: ReturnType<History['order']>): void => {
  history.bought(ref);
  history.sent(ref);
};

test('a send after the provider forgot the id is one more execution', async () => {
  expect(
    await predicted(150, (history, ref) => {
      sendAgain(history, ref);
      history.accepted(ref, 2);
      history.executed(ref, 2);
    }),
  ).toEqual(one);
});

test('an earlier send is none, and an execution of one all the same is not predicted', async () => {
  expect(
    await predicted(1000, (history, ref) => {
      sendAgain(history, ref);
      history.accepted(ref, 2);
      history.executed(ref, 2);
    }),
  ).toEqual(nothing);
});

test('a send after the provider forgot the id counts although the provider refused it as used', async () => {
  expect(
    await predicted(150, (history, ref) => {
      sendAgain(history, ref);
      history.refused(ref, 400, 'conflictTaskUUID');
    }),
  ).toEqual(one);
});

test('a send that was cut off, or refused for another reason, does not count', async () => {
  expect(
    await predicted(150, (history, ref) => {
      sendAgain(history, ref);
      history.sent(ref);
      history.refused(ref, 429, 'rateLimitExceeded');
    }),
  ).toEqual(nothing);
});

test('the provider knows an id for as long as its task runs', async () => {
  expect(
    await predicted(150, (history, ref) => {
      history.sent(ref);
      history.accepted(ref);
      history.sent(ref);
      history.sent(ref);
      history.refused(ref, 400, 'conflictTaskUUID');
      history.executed(ref);
    }),
  ).toEqual(nothing);
});
