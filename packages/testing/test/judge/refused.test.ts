import { expect, test } from 'vitest';
import { clean, judged, type History } from './judged.ts';

/** Adds an order that its caller believes refused for its tenant's cap. */
function isRefused(history: History, tenant: string, images = 1): void {
  const { generationId } = history.order({ tenant, images, outcome: 'refused' });
  history.generations[generationId] = null;
}

test.each([
  ['no other order', 0, '0.10'],
  ['one order that cannot have reached it', 1, '0.10'],
])('an order refused for a cap is wrongly failed beside %s of its tenant', async (_, others, cap) => {
  const counts = await judged((history) => {
    history.ledger.caps = { 'tenant:day': cap };
    for (let at = 0; at < others; at += 1) history.bought(history.order({ tenant: 'acme' }));
    isRefused(history, 'acme');
  });
  expect(counts).toEqual({ ...clean, failedWrongly: 1 });
});

test('another tenant’s spend excuses no refusal', async () => {
  const counts = await judged((history) => {
    history.ledger.caps = { 'tenant:day': '0.04' };
    history.bought(history.order({ tenant: 'other' }));
    history.bought(history.order({ tenant: 'other' }));
    isRefused(history, 'acme');
  });
  expect(counts.failedWrongly).toBe(1);
});

test.each([
  ['no cap at all', {}],
  ['only caps of other kinds', { 'all:day': '1' }],
])('a refusal in a run with %s is wrong', async (_, caps) => {
  const counts = await judged((history) => {
    history.ledger.caps = caps;
    isRefused(history, 'acme');
  });
  expect(counts).toEqual({ ...clean, failedWrongly: 1 });
});

test('a refusal is right if the tenant’s orders may have reached the cap, or the order alone exceeds it', async () => {
  expect(
    await judged((history) => {
      history.ledger.caps = { 'tenant:day': '0.04' };
      history.bought(history.order({ tenant: 'acme' }));
      history.bought(history.order({ tenant: 'acme' }));
      isRefused(history, 'acme');
      isRefused(history, 'alone', 3);
    }),
  ).toEqual(clean);
});
