import { formatUsd, type NanoUsd, type OpenCursor } from '@darkroom/contracts';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';

/** Holds that move while they are summed up make a sum of nothing: it is begun anew, so often. */
const MAX_TRIES = 5;
const PAGE = 200;

/**
 * Compares what each period of the ledger has on hold with the holds of all open generations (I7). It is only compared while no
 * hold moves, so that a difference is one; in a fleet that never rests, a later pass will find its moment.
 *
 * What the ledger has too little is added at once: a cap could be crossed. What it has too much is taken away by a pass that has
 * looked through all keys, and knows of no purchase whose hold is missing.
 * @param periods Names of periods that may hold nothing.
 */
export const lookAtLedger = (pass: Pass, periods: ReadonlySet<string>): Promise<void> =>
  // A hold or a sum that cannot be read makes all sums wrong.
  orName(pass, {}, () => compareLedger(pass, periods));

async function compareLedger(pass: Pass, periods: ReadonlySet<string>): Promise<void> {
  const { store } = pass.reconciler;
  const mayLower = pass.isThorough && !pass.hasNamed('intent-without-record') && !pass.hasNamed('record-incomplete');
  for (let tried = 0; tried < MAX_TRIES; tried += 1) {
    const moves = await store.readHoldMoves();
    const sums = await sumAll(pass, periods);
    const drifts = await store.correctLedger({ moves, sums, mayLower });
    if (drifts === undefined) continue;
    for (const { period, reservedNanoUsd, heldNanoUsd, corrected } of drifts) {
      const detail = `${period} has ${formatUsd(reservedNanoUsd)} USD on hold, its holds are ${formatUsd(heldNanoUsd)} USD`;
      pass.found('ledger-drift', { detail }, corrected ? 'repaired' : 'named');
    }
    return;
  }
}

async function sumAll({ reconciler: { store }, checkpoint }: Pass, periods: ReadonlySet<string>): Promise<Map<string, NanoUsd>> {
  const sums = new Map<string, NanoUsd>([...periods].map((period) => [period, 0]));
  let after: OpenCursor | undefined;
  await checkpoint();
  do {
    const page = await store.readOpenPage(after, PAGE);
    for (const [period, held] of await store.sumHolds(page.generationIds)) sums.set(period, (sums.get(period) ?? 0) + held);
    after = page.next;
  } while (after !== undefined);
  return sums;
}
