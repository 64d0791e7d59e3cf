import { expect, test } from 'vitest';
import { countCapStops } from '../../src/judge/cap-stops.ts';
import { createHistory } from './history.ts';

/** Adds an expired order beside a bought image of the same price, under a cap. */
async function stopsUnder(
  cap: string | undefined,
  happen: (history: ReturnType<typeof createHistory>) => void,
  unit: 'day' | 'month' = 'day',
): Promise<number> {
  const history = createHistory();
  history.bought(history.order({ tenant: 'acme' }));
  if (cap !== undefined) history.ledger.caps = { [`tenant:${unit}`]: cap };
  happen(history);
  return countCapStops((await history.judge()).evidence);
}
const expires = (history: ReturnType<typeof createHistory>, tenant = 'acme') => {
  const ref = history.order({ tenant, deadlineAt: 4_000 });
  history.ended(ref, 'expired', 'failed');
  return ref;
};

test('a cap stopped an order that was refused, or that expired unsent without room for it', async () => {
  expect(await stopsUnder('0.02', (history) => void history.order({ outcome: 'refused' }))).toBe(1);
  expect(await stopsUnder('0.039', (history) => void expires(history))).toBe(1);
  const onTheNextDay = (history: ReturnType<typeof createHistory>): void => {
    history.goTo('2026-11-23');
    expires(history);
  };
  expect(await stopsUnder('0.039', onTheNextDay, 'month')).toBe(1);
});

test('a cap stopped no order that had room, was sent, has another tenant, or has no cap', async () => {
  expect(await stopsUnder('0.04', (history) => void expires(history))).toBe(0);
  expect(await stopsUnder('0.039', (history) => history.settled(expires(history), 'failed'))).toBe(0);
  expect(await stopsUnder('0.039', (history) => void expires(history, 'zenith'))).toBe(0);
  expect(await stopsUnder(undefined, (history) => void expires(history))).toBe(0);
});
