import { expect, test } from 'vitest';
import { countCapStops } from '../../src/judge/cap-stops.ts';
import { createHistory } from './history.ts';

/** Beside an image that was bought, an order of the same price that expired, under a cap. */
async function stopsUnder(cap: string | undefined, happen: (history: ReturnType<typeof createHistory>) => void): Promise<number> {
  const history = createHistory();
  history.bought(history.order({ tenant: 'acme' }));
  if (cap !== undefined) history.ledger.caps = { 'tenant:day': cap };
  happen(history);
  return countCapStops((await history.judge()).evidence);
}
const expires = (history: ReturnType<typeof createHistory>, tenant = 'acme') => {
  const ref = history.order({ tenant, deadlineAt: 4_000 });
  history.ended(ref, 'expired', 'failed');
  return ref;
};

test('an order is stopped by a cap if it was refused, or expired unsent where there was no room for it', async () => {
  expect(await stopsUnder('0.02', (history) => void history.order({ outcome: 'refused' }))).toBe(1);
  expect(await stopsUnder('0.039', (history) => void expires(history))).toBe(1);
});

test('it is not if there was room, if it was sent, if another tenant has spent the money, or without a cap', async () => {
  expect(await stopsUnder('0.04', (history) => void expires(history))).toBe(0);
  expect(await stopsUnder('0.039', (history) => history.settled(expires(history), 'failed'))).toBe(0);
  expect(await stopsUnder('0.039', (history) => void expires(history, 'zenith'))).toBe(0);
  expect(await stopsUnder(undefined, (history) => void expires(history))).toBe(0);
});
