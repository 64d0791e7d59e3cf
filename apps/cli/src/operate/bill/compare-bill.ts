import { defined, formatRef, taskUuidOf, type NanoUsd } from '@darkroom/contracts';
import type { Purchase } from './list-purchases.ts';
import type { Charge } from './read-charges.ts';
import { createSpill, parts } from './spill.ts';

/** A difference between the ledger and the provider's bill. */
export interface BillFinding {
  kind: 'charge-without-submission' | 'submission-without-charge' | 'price-differs' | 'record-unreadable';
  taskUUID: string;
  /** `<generationId>/<index>-<n>`. */
  submission?: string;
  chargedNanoUsd?: NanoUsd;
  /** Money that the ledger booked; absent while the outcome is unknown. */
  bookedNanoUsd?: NanoUsd;
}

export interface BillSums {
  charges: number;
  chargedNanoUsd: NanoUsd;
  /** Purchases that were booked in the month. */
  purchases: number;
  bookedNanoUsd: NanoUsd;
  /** Booked purchases without a charge that began or ended in another month: its bill may hold the charge. */
  atTheEdge: number;
  findings: Record<BillFinding['kind'], number>;
}

/**
 * Compares the charges of a month with the purchases that S3 remembers, and tells each difference as it finds it. Both sets go to disk in parts,
 * so that a million of each takes as much memory as four thousand.
 */
export async function compareBill(
  charges: AsyncIterable<Charge>,
  purchases: AsyncIterable<Purchase>,
  onFinding: (finding: BillFinding) => void,
): Promise<BillSums> {
  const sums: BillSums = {
    charges: 0,
    chargedNanoUsd: 0,
    purchases: 0,
    bookedNanoUsd: 0,
    atTheEdge: 0,
    findings: { 'charge-without-submission': 0, 'submission-without-charge': 0, 'price-differs': 0, 'record-unreadable': 0 },
  };
  const find = (finding: BillFinding): void => {
    sums.findings[finding.kind] += 1;
    onFinding(finding);
  };
  const [charged, booked] = [await createSpill(), await createSpill()];
  try {
    for await (const { taskUUID, costNanoUsd } of charges) {
      sums.charges += 1;
      sums.chargedNanoUsd += costNanoUsd;
      await charged.add(taskUUID, `${taskUUID} ${costNanoUsd}`);
    }
    for await (const { ref, costNanoUsd, place } of purchases) {
      const taskUUID = taskUuidOf(ref);
      await booked.add(taskUUID, `${taskUUID} ${formatRef(ref)} ${place} ${costNanoUsd ?? ''}`);
    }
    for (const part of parts) {
      const left = new Map<string, NanoUsd>();
      for await (const line of charged.read(part)) {
        const [taskUUID = '', cost] = line.split(' ');
        left.set(taskUUID, (left.get(taskUUID) ?? 0) + Number(cost));
      }
      for await (const line of booked.read(part)) {
        const [taskUUID = '', submission = '', place, cost = ''] = line.split(' ');
        const chargedNanoUsd = left.get(taskUUID);
        left.delete(taskUUID);
        if (cost === '') {
          // Known by its name alone: booked in an earlier month, or not decided yet. A charge of the second kind needs a person.
          if (place === 'unreadable') find({ kind: 'record-unreadable', taskUUID, submission, ...defined({ chargedNanoUsd }) });
          if (chargedNanoUsd !== undefined && place === 'open') find({ kind: 'price-differs', taskUUID, submission, chargedNanoUsd });
          continue;
        }
        const bookedNanoUsd = Number(cost);
        if (bookedNanoUsd > 0 && (chargedNanoUsd !== undefined || place === 'in')) {
          sums.purchases += 1;
          sums.bookedNanoUsd += bookedNanoUsd;
        }
        if (chargedNanoUsd === undefined) {
          if (bookedNanoUsd > 0 && place === 'in') find({ kind: 'submission-without-charge', taskUUID, submission, bookedNanoUsd });
          if (bookedNanoUsd > 0 && place === 'edge') sums.atTheEdge += 1;
        } else if (chargedNanoUsd !== bookedNanoUsd) {
          find({ kind: 'price-differs', taskUUID, submission, chargedNanoUsd, bookedNanoUsd });
        }
      }
      for (const [taskUUID, chargedNanoUsd] of left) find({ kind: 'charge-without-submission', taskUUID, chargedNanoUsd });
    }
    return sums;
  } finally {
    await Promise.all([charged.remove(), booked.remove()]);
  }
}
