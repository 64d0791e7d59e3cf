import type { Recovery } from '@darkroom/recovery';
import type { PurchaseParts } from './join-purchase.ts';

/** Joins the packages to the ports of bringing back. */
export function joinRecovery({
  store,
  storage,
  submissions,
  settlements,
  timing,
  maxSubmissions,
  now,
}: Pick<PurchaseParts, 'store' | 'storage' | 'submissions' | 'settlements' | 'timing' | 'maxSubmissions' | 'now'>): Recovery {
  return {
    store,
    archive: storage,
    waits: {
      park: (ref, delayMs, check) => settlements.park(ref, delayMs, check),
      reviveSubmission: (ref) => submissions.revive(ref),
    },
    settings: { timing, maxSubmissions },
    now,
  };
}
