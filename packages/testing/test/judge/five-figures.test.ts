import { expect, test } from 'vitest';
import { isAsPromised, promiseOf } from '../../src/judge/five-figures.ts';
import { createHistory } from './history.ts';

test('a clean run is as promised, and one that crosses a cap is not', async () => {
  const history = createHistory();
  history.bought(history.order());
  expect(isAsPromised((await history.judge()).judgement)).toBe(true);
  history.ledger.caps = { 'tenant:day': '0.01' };
  expect(isAsPromised((await history.judge()).judgement)).toBe(false);
});

test('with a provider that forgets ids the judge must find the predicted executions', async () => {
  const history = createHistory();
  history.bought(history.order());
  const { judgement } = await history.judge();
  expect(isAsPromised(judgement, promiseOf({ executions: 1, nanoUsd: 20_000_000 }))).toBe(false);
  expect(isAsPromised(judgement, promiseOf({ executions: 0, nanoUsd: 0 }))).toBe(true);
});
