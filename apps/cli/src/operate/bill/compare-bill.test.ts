import { createGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { compareBill, type BillFinding } from './compare-bill.ts';
import type { Purchase } from './list-purchases.ts';
import type { Charge } from './read-charges.ts';

const CENT = 10_000_000;
const refOf = (index = 0): SubmissionRef => ({ generationId: createGenerationId(Date.UTC(2026, 10, 15)), index, n: 1 });
const chargeOf = (ref: SubmissionRef, costNanoUsd = 2 * CENT): Charge => ({ taskUUID: taskUuidOf(ref), costNanoUsd });
const purchaseOf = (ref: SubmissionRef, place: Purchase['place'] = 'in', costNanoUsd: number | undefined = 2 * CENT): Purchase => ({
  ref,
  place,
  ...(costNanoUsd !== undefined && { costNanoUsd }),
});

async function* each<Value>(values: Iterable<Value>): AsyncGenerator<Value, void, undefined> {
  yield* values;
}

async function compare(charges: Iterable<Charge>, purchases: Iterable<Purchase>) {
  const findings: BillFinding[] = [];
  const sums = await compareBill(each(charges), each(purchases), (finding) => findings.push(finding));
  return { sums, findings };
}

test('agrees where each purchase has its charge, and a failed one that cost nothing has none', async () => {
  const [one, other, failed] = [refOf(), refOf(), refOf()];
  const { sums, findings } = await compare(
    [chargeOf(one), chargeOf(other)],
    [purchaseOf(one), purchaseOf(other), purchaseOf(failed, 'in', 0)],
  );
  expect(findings).toEqual([]);
  expect(sums).toMatchObject({ charges: 2, purchases: 2, chargedNanoUsd: 4 * CENT, bookedNanoUsd: 4 * CENT, atTheEdge: 0 });
});

test('names a charge of no purchase, a purchase without a charge, and another price', async () => {
  const [foreign, missing, dearer] = [refOf(), refOf(), refOf()];
  const { findings } = await compare([chargeOf(foreign), chargeOf(dearer, 3 * CENT)], [purchaseOf(missing), purchaseOf(dearer)]);
  expect(findings.toSorted((a, b) => a.kind.localeCompare(b.kind))).toEqual([
    { kind: 'charge-without-submission', taskUUID: taskUuidOf(foreign), chargedNanoUsd: 2 * CENT },
    expect.objectContaining({ kind: 'price-differs', chargedNanoUsd: 3 * CENT, bookedNanoUsd: 2 * CENT }),
    expect.objectContaining({ kind: 'submission-without-charge', submission: `${missing.generationId}/0-1`, bookedNanoUsd: 2 * CENT }),
  ]);
});

test('a purchase that was charged twice, a charged failure, and a charged unknown outcome are other prices', async () => {
  const [twice, failed, unknown] = [refOf(), refOf(), refOf()];
  const { findings } = await compare(
    [chargeOf(twice), chargeOf(twice), chargeOf(failed), chargeOf(unknown)],
    [purchaseOf(twice), purchaseOf(failed, 'in', 0), { ref: unknown, place: 'open' }],
  );
  expect(findings.map(({ kind, chargedNanoUsd, bookedNanoUsd }) => [kind, chargedNanoUsd, bookedNanoUsd])).toEqual(
    expect.arrayContaining([
      ['price-differs', 4 * CENT, 2 * CENT],
      ['price-differs', 2 * CENT, 0],
      ['price-differs', 2 * CENT, undefined],
    ]),
  );
  expect(findings).toHaveLength(3);
});

test('a purchase at the edge of the month may have its charge in another bill, and one of another month needs none', async () => {
  const [edge, out, charged] = [refOf(), refOf(), refOf()];
  const { sums, findings } = await compare(
    [chargeOf(charged)],
    [purchaseOf(edge, 'edge'), purchaseOf(out, 'out'), { ref: charged, place: 'out' }],
  );
  expect(findings).toEqual([]);
  expect(sums).toMatchObject({ atTheEdge: 1, purchases: 0 });
});

test('a damaged record is named with its charge, and stops no other', async () => {
  const [damaged, uncharged, sound] = [refOf(), refOf(), refOf()];
  const { sums, findings } = await compare(
    [chargeOf(damaged), chargeOf(sound)],
    [{ ref: damaged, place: 'unreadable' }, { ref: uncharged, place: 'unreadable' }, purchaseOf(sound)],
  );
  expect(findings.map(({ kind, chargedNanoUsd }) => [kind, chargedNanoUsd])).toEqual(
    expect.arrayContaining([
      ['record-unreadable', 2 * CENT],
      ['record-unreadable', undefined],
    ]),
  );
  expect(sums).toMatchObject({ purchases: 1, findings: { 'record-unreadable': 2, 'charge-without-submission': 0 } });
});

test('three differences among many purchases are all that is found', async () => {
  const refs = Array.from({ length: 5000 }, () => refOf());
  const charges = refs.slice(1).map((ref, at) => chargeOf(ref, at === 7 ? CENT : 2 * CENT));
  const { sums, findings } = await compare(
    [...charges, chargeOf(refOf())],
    refs.map((ref) => purchaseOf(ref)),
  );
  expect(findings).toHaveLength(3);
  expect(sums.findings).toEqual({
    'charge-without-submission': 1,
    'submission-without-charge': 1,
    'price-differs': 1,
    'record-unreadable': 0,
  });
});
