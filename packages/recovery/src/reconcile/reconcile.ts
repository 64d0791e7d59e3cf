import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { PassReport } from '@darkroom/generation-store';
import { handOverDeliveries, lookAtNames } from './look-at-indexes.ts';
import { takeBackFailed } from './look-at-jobs.ts';
import { lookAtImages } from './look-at-images.ts';
import { lookAtLedger } from './look-at-ledger.ts';
import { lookAtLine } from './look-at-line.ts';
import { lookAtOlder } from './look-at-older.ts';
import { lookAtOpen } from './look-at-open.ts';
import { lookAtOpenImages } from './look-at-open-images.ts';
import { lookAtStored } from './look-at-stored.ts';
import { lookAtOlderTombstones } from './look-at-older-tombstones.ts';
import { lookAtTombstones } from './look-at-tombstones.ts';
import { beginTidying } from './look-at-uploads.ts';
import { orName } from './name-corrupt.ts';
import { beginPass, PassStopped, TURN_MS, type Pass } from './pass.ts';
import type { Reconciler } from './ports.ts';
import { collectSuspicions } from './suspicions.ts';

/** Findings without a repair that Redis keeps of a pass; the log of its worker has all. */
const MAX_NAMED = 20;

export interface ReconcileOptions {
  /** Ends the pass early; its repairs stay. */
  signal: AbortSignal;
  /**
   * Looks through all keys of Redis, however lately that was done, and at everything, however long that takes; the returned report has every
   * finding.
   */
  isThorough?: boolean;
  /** Asks S3 for each image that Redis shows as kept, unless a rebuild still reads: the report then has `withoutImages`. */
  withImages?: boolean;
}

/**
 * Runs one pass: compares jobs, entries, money and S3, and repairs disagreements. It buys nothing itself: revived work goes through the
 * same scripts as ever, so that a mistake costs a look and no money (I2).
 *
 * Two rules keep it from taking work in progress for damage. A fault that one script of Redis can see and repair is damage, because scripts
 * never leave it half-way. Everything else must look the same twice, a grace time apart.
 *
 * Open generations and S3 are examined for a bounded time; the next pass continues there.
 *
 * The fleet runs one pass at a time: it has a turn in Redis that it must keep. After a death anywhere the next pass begins anew.
 * @returns undefined if another pass has the turn.
 * @throws StorageError, or an error of Redis, if one of them is away.
 */
export async function reconcile(
  reconciler: Reconciler,
  { signal, isThorough = false, withImages = false }: ReconcileOptions,
): Promise<PassReport | undefined> {
  const { store, around, settings } = reconciler;
  const holder = around.createHolder();
  if (!(await store.takeTurn(holder, TURN_MS))) return undefined;
  try {
    const { thoroughAt = 0, next: from = {} } = (await store.findLastPass()) ?? {};
    // A time in the future was noted by a clock that was set since.
    const sinceThoroughMs = around.now() - thoroughAt;
    const isDue = isThorough || sinceThoroughMs >= settings.thoroughEveryMs || sinceThoroughMs < -MAX_CLOCK_SKEW_MS;
    // A pass that is told to look at everything does so at once, however long that takes.
    const whole = { ...reconciler, settings: { ...settings, openMs: Infinity, storedMs: Infinity } };
    const wasNamed = await store.readNamed();
    const mostNamed = isThorough ? Infinity : MAX_NAMED;
    const begun = { holder, isThorough: isDue, from: isThorough ? {} : from, wasNamed, mostNamed, signal };
    const pass = beginPass(isThorough ? whole : reconciler, begun);
    const outcome = (await store.isInitialised()) ? await walk(pass, withImages) : 'not-initialised';
    // A stopped pass is begun anew where it began.
    if (outcome === 'stopped') Object.assign(pass.next, from);
    const report = pass.report(outcome, isDue && outcome === 'whole' ? pass.startedAt : Math.min(thoroughAt, pass.startedAt));
    if (outcome !== 'not-initialised') {
      // What no log has told is still to be told.
      if (around.note !== undefined) await store.rememberNamed(pass.namedWords(), pass.startedAt);
      await store.recordPass({ ...report, named: report.named.slice(0, MAX_NAMED) });
    }
    return report;
  } finally {
    // With Redis away the turn ends by itself.
    await store.endTurn(holder).catch(() => undefined);
  }
}

async function walk(pass: Pass, withImages: boolean): Promise<PassReport['outcome']> {
  const suspicions = collectSuspicions(pass);
  try {
    // A part that meets a key of another type in the place of a whole index is named, and the others are done.
    const part = <Value>(what: string, look: () => Promise<Value>): Promise<Value | undefined> => orName(pass, { detail: what }, look);
    await part('the failed jobs', () => takeBackFailed(pass));
    await part('the open images', () => lookAtOpenImages(pass));
    await part('the open generations', () => lookAtOpen(pass, suspicions));
    await part('the fair line', () => lookAtLine(pass));
    await part('the unclaimed deliveries', () => handOverDeliveries(pass));
    const periods = pass.isThorough ? await part('all keys', () => lookAtNames(pass, suspicions)) : undefined;
    // What a rebuild has not read yet would look forgotten. It reads all names, and the next pass looks at them.
    const isReading = await pass.reconciler.store.isReading();
    await part('what lies in S3', async () => {
      if (isReading) return;
      const uploads = await beginTidying(pass);
      const isRound = await lookAtStored(pass, suspicions, uploads);
      await lookAtOlder(pass, suspicions, uploads);
      await uploads.finish(isRound);
    });
    // Only a thorough pass goes on from there.
    if (pass.from.tombstones !== undefined) pass.next.tombstones = pass.from.tombstones;
    if (pass.isThorough && !isReading) {
      await part('the tombstones', () => lookAtTombstones(pass));
      await part('the older tombstones', () => lookAtOlderTombstones(pass));
    }
    if (withImages && isReading) pass.leaveImages();
    else if (withImages) await part('the images', () => lookAtImages(pass));
    await suspicions.settle();
    await part('the events', () => pass.reconciler.store.trimEvents());
    // Last, when the holds are as they should be.
    await part('the ledger', () => lookAtLedger(pass, periods ?? new Set()));
    return 'whole';
  } catch (error) {
    if (error instanceof PassStopped) return 'stopped';
    throw error;
  }
}
