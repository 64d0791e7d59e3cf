import { formatUsd } from '@darkroom/contracts';
import { PassStopped, type Pass } from './pass.ts';

/** Times that lost sums, or sums that a process of an earlier version spoiled, are begun anew; then a later pass compares. */
const MAX_TRIES = 5;

/**
 * Compares the hold of each period of the ledger with the holds of all open generations (I7). The sums follow each hold that moves while
 * they are made, so that each difference is real however busy the fleet is.
 *
 * A missing amount is added at once, because a cap could be crossed. A surplus is removed only by a pass that has looked through all keys,
 * knows of no purchase without its hold, and could read each hold.
 * @param periods Names of periods with money that may have no hold.
 */
export async function lookAtLedger(pass: Pass, periods: ReadonlySet<string>): Promise<void> {
  const { holder, reconciler, isThorough } = pass;
  const { store } = reconciler;
  const isLost = pass.hasNamed('intent-without-record') || pass.hasNamed('record-incomplete');
  try {
    for (let tried = 0; tried < MAX_TRIES; tried += 1) {
      if (!(await store.beginSums(holder))) throw noTurn();
      await store.nameInSums(holder, [...periods]);
      const hasRead = await sumAll(pass);
      if (hasRead !== 'lost' && (await compareAll(pass, isThorough && !isLost && hasRead === 'all'))) break;
    }
  } catch (error) {
    // A stopped pass leaves no sums behind; if they cannot be ended, the next pass ends them.
    await store.endSums(holder).catch(() => undefined);
    throw error;
  }
  await store.endSums(holder);
}

/**
 * Sums up all holds.
 * @returns true if all could be read.
 */
async function sumAll({ holder, reconciler: { store }, checkpoint }: Pass): Promise<'all' | 'some' | 'lost'> {
  let hasRead: 'all' | 'some' = 'all';
  for (;;) {
    await checkpoint();
    const step = await store.sumHolds(holder);
    switch (step.kind) {
      case 'no-turn':
        throw noTurn();
      case 'lost':
        return 'lost';
      case 'summed':
      case 'over':
        // The pass over the open generations has already reported this entry.
        if (step.unreadable.length > 0) hasRead = 'some';
        if (step.kind === 'over') return hasRead;
        break;
      default:
        step satisfies never;
    }
  }
}

/**
 * Compares the periods with the sums.
 * @returns false if the sums do not hold.
 */
async function compareAll(pass: Pass, mayLower: boolean): Promise<boolean> {
  const { holder, reconciler, checkpoint } = pass;
  let from = '0';
  do {
    await checkpoint();
    const step = await reconciler.store.correctLedger(holder, { from, mayLower });
    if (step.kind === 'no-turn') throw noTurn();
    if (step.kind !== 'compared') return false;
    for (const { period, reservedNanoUsd, heldNanoUsd, action } of step.drifts) {
      if (action === 'unreadable') {
        pass.found('record-corrupt', { detail: `the ledger ":spend:${period}" in Redis holds no sum that can be read` }, 'named');
        continue;
      }
      const detail = `${period} has ${formatUsd(reservedNanoUsd)} USD on hold, its holds are ${formatUsd(heldNanoUsd)} USD`;
      pass.found('ledger-drift', { detail }, action === 'corrected' ? 'repaired' : 'named');
    }
    from = step.next;
  } while (from !== '0');
  return true;
}

const noTurn = (): PassStopped => new PassStopped('another pass has the turn');
