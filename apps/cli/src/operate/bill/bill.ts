import { defined, formatUsd, generationIdTime } from '@darkroom/contracts';
import type { CommandContext, ExitCode } from '../../commands/command.ts';
import { withOperations } from '../with-operations.ts';
import { createCounter } from '../counter.ts';
import { compareBill, type BillFinding, type BillSums } from './compare-bill.ts';
import { listPurchases } from './list-purchases.ts';
import { readCharges } from './read-charges.ts';

/** Compares the ledger of a month with the provider's bill: 3 with a difference. @throws InvalidRequestError for a file that cannot be read. */
export const runBill = (
  { dataDir, month, file }: { dataDir: string | undefined; month: string; file: string },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations({ dataDir }, context, async ({ openBucket }) => {
    const storage = await openBucket();
    const counter = createCounter(context.notes, () => performance.now());
    try {
      const charges = counter.through(readCharges(file, month), (count) => `reads the file: ${count} charges`);
      const purchases = counter.through(
        listPurchases(storage, month),
        (count, { ref }) =>
          `reads the bucket: ${count} purchases, up to ${new Date(generationIdTime(ref.generationId)).toISOString().slice(0, 10)}`,
      );
      const sums = await compareBill(charges, purchases, (finding) => context.answer(dataOf(finding), [describe(finding)]));
      context.answer(
        {
          month,
          charges: sums.charges,
          chargedUsd: formatUsd(sums.chargedNanoUsd),
          purchases: sums.purchases,
          bookedUsd: formatUsd(sums.bookedNanoUsd),
          atTheEdge: sums.atTheEdge,
          findings: sums.findings,
        },
        summarize(month, sums),
      );
      return countOf(sums) === 0 ? 0 : 3;
    } finally {
      storage.close();
    }
  });

const countOf = ({ findings }: BillSums): number => Object.values(findings).reduce((sum, count) => sum + count, 0);

const dataOf = ({ kind, taskUUID, submission, chargedNanoUsd, bookedNanoUsd }: BillFinding) =>
  defined({
    kind,
    taskUUID,
    submission,
    chargedUsd: chargedNanoUsd === undefined ? undefined : formatUsd(chargedNanoUsd),
    bookedUsd: bookedNanoUsd === undefined ? undefined : formatUsd(bookedNanoUsd),
  });

function describe({ kind, taskUUID, submission = '', chargedNanoUsd = 0, bookedNanoUsd }: BillFinding): string {
  switch (kind) {
    case 'charge-without-submission':
      return `charged, not ours      ${formatUsd(chargedNanoUsd)} USD for task ${taskUUID}, which no purchase of this Darkroom has`;
    case 'submission-without-charge':
      return `booked, not charged    ${formatUsd(bookedNanoUsd ?? 0)} USD for ${submission}, task ${taskUUID}`;
    case 'price-differs':
      return bookedNanoUsd === undefined
        ? `charged, not decided   ${formatUsd(chargedNanoUsd)} USD for ${submission}, task ${taskUUID}: its outcome is unknown here`
        : `another price          ${formatUsd(chargedNanoUsd)} USD charged, ${formatUsd(bookedNanoUsd)} USD booked for ${submission}, task ${taskUUID}`;
    case 'record-unreadable':
      return `its record is damaged  ${formatUsd(chargedNanoUsd)} USD charged for ${submission}, task ${taskUUID}: what the ledger booked cannot be read in S3`;
    default:
      return kind satisfies never;
  }
}

function summarize(month: string, sums: BillSums): string[] {
  const differences = countOf(sums);
  return [
    `${month}   charged ${formatUsd(sums.chargedNanoUsd)} USD for ${sums.charges} tasks; booked ${formatUsd(sums.bookedNanoUsd)} USD for ${sums.purchases} purchases`,
    ...(sums.atTheEdge === 0
      ? []
      : [`          ${sums.atTheEdge} purchases began or ended in another month, and have no charge here: look in the bill of that month`]),
    `          ${differences === 0 ? 'no difference' : `${differences} ${differences === 1 ? 'difference' : 'differences'}`}`,
  ];
}
