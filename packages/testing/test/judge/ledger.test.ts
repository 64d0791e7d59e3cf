import { describe, expect, test } from 'vitest';
import { createHistory } from './history.ts';
import { clean, judged, PRICE_NANO_USD, type History } from './judged.ts';

const [DAY, MONTH] = ['day:2026-11-22', 'month:2026-11'];

describe('the ledger difference', () => {
  test('is the money that only the ledger holds', async () => {
    expect(await judged((history) => history.book({ settled: 3 }))).toEqual({ ...clean, ledgerDifferenceNanoUsd: 3 });
  });

  test('is the money that only the bill holds', async () => {
    expect(await judged((history) => history.book({ settled: -PRICE_NANO_USD }))).toEqual({
      ...clean,
      ledgerDifferenceNanoUsd: -PRICE_NANO_USD,
    });
  });

  test('includes money on hold', async () => {
    expect(await judged((history) => history.book({ held: 7 }))).toEqual({ ...clean, ledgerDifferenceNanoUsd: 7 });
  });

  test('is not 0 for two opposite mistakes', async () => {
    const counts = await judged((history) => {
      const [one, other] = [history.order(), history.order()];
      for (const ref of [one, other]) history.bought(ref);
      history.settled(one, 'succeeded', PRICE_NANO_USD - 1_000_000);
      history.settled(other, 'succeeded', PRICE_NANO_USD + 1_000_000);
      history.book({ settled: -2 * PRICE_NANO_USD });
    });
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: 2_000_000 });
  });

  test.each([
    ['month of all', `all:${MONTH}`, 5],
    // The day of a tenant differs from its month, from the days of all, and from the tenant's bill.
    ['day of a tenant', `tenant:default:${DAY}`, 15],
    ['month of a tenant', `tenant:default:${MONTH}`, 5],
  ])('is the money that only the %s holds', async (_what, period, nanoUsd) => {
    expect(await judged((history) => history.bookInto(period, { settled: 5 }))).toEqual({ ...clean, ledgerDifferenceNanoUsd: nanoUsd });
  });

  test('is a hold that one view has released and another has not', async () => {
    const counts = await judged((history) => history.bookInto(`all:${MONTH}`, { settled: 5, held: -5 }));
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: 10 });
  });

  test('is money of one tenant on the account of another', async () => {
    const counts = await judged((history) => {
      const ref = history.order({ tenant: 'acme' });
      history.bought(ref);
      history.book({ settled: -PRICE_NANO_USD }, 'acme');
      history.book({ settled: PRICE_NANO_USD }, 'zenith');
    });
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: 2 * PRICE_NANO_USD });
  });
});

describe('a spend cap is crossed', () => {
  const capped = (history: History, caps: Record<string, string>, images: number): void => {
    Object.assign(history.ledger.caps ?? {}, caps);
    for (let at = 0; at < images; at += 1) history.bought(history.order({ tenant: 'acme' }));
  };

  test('neither by money up to the cap, nor by several tenants together', async () => {
    const counts = await judged((history) => {
      capped(history, { 'tenant:day': '0.04', 'all:day': '0.08', 'all:month': '0.08' }, 2);
      history.bought(history.order({ tenant: 'zenith' }));
    });
    expect(counts).toEqual(clean);
  });

  test.each(['tenant:day', 'tenant:month'])('%s: by the money above it', async (cap) => {
    expect(await judged((history) => capped(history, { [cap]: '0.03' }, 2))).toEqual({ ...clean, capCrossedNanoUsd: 10_000_000 });
  });

  test('by the sum of all tenants', async () => {
    expect(await judged((history) => capped(history, { 'all:day': '0.05' }, 2))).toEqual({ ...clean, capCrossedNanoUsd: 10_000_000 });
  });

  test('by money that is on hold', async () => {
    const counts = await judged((history) => {
      capped(history, { 'tenant:day': '0.05' }, 2);
      history.book({ held: PRICE_NANO_USD }, 'acme');
    });
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: PRICE_NANO_USD, capCrossedNanoUsd: 10_000_000 });
  });

  test.each([true, false])('by charges that the ledger does not hold, with a record: %s', async (isRecorded) => {
    const counts = await judged((history) => {
      capped(history, { 'tenant:day': '0.03' }, 1);
      const ref = history.order({ tenant: 'acme' });
      history.bought(ref);
      history.book({ settled: -PRICE_NANO_USD }, 'acme');
      if (!isRecorded)
        for (const key of history.objects.keys())
          if (key.endsWith('0-1.result.json') && key.includes(ref.generationId)) history.objects.delete(key);
    });
    const found = { ledgerDifferenceNanoUsd: -PRICE_NANO_USD, capCrossedNanoUsd: 10_000_000 };
    expect(counts).toEqual({ ...clean, ...found, lost: isRecorded ? 0 : 1 });
  });

  test('in no single day by purchases of two days', async () => {
    const history = createHistory();
    Object.assign(history.ledger.caps ?? {}, { 'tenant:day': '0.02' });
    for (const day of ['2026-11-22', '2026-11-23']) {
      history.goTo(day);
      history.bought(history.order({ tenant: 'acme' }));
    }
    const { judgement } = await history.judge();
    expect(judgement).toMatchObject({ capCrossedNanoUsd: 0, ledgerDifferenceNanoUsd: 0 });
  });
});
