import { buildWaits } from '@darkroom/queues';
import type { Recovery } from '@darkroom/recovery';
import type { PurchaseParts } from './join-purchase.ts';

/** Connects the packages to what restoring a generation needs. */
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
    waits: buildWaits(submissions, settlements),
    settings: { timing, maxSubmissions },
    now,
  };
}
