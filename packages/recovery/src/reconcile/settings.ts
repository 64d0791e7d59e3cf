import { defaultTiming } from '@darkroom/contracts';
import type { ReconcileSettings } from './ports.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Settings of the reconciler unless told otherwise. */
export const defaultReconcileSettings: Readonly<ReconcileSettings> = {
  timing: defaultTiming,
  // longer than a job of a killed worker takes to be given to another (lock + stalled check: 10 s)
  graceMs: 15 * SECOND,
  // longer than a settlement asks for the facts of an image that is kept already (eight looks, at most 80 s)
  patienceMs: 2 * MINUTE,
  tidyAfterMs: 60 * MINUTE,
  thoroughEveryMs: 60 * MINUTE,
  // of what one Redis answers (tens of thousands a second) a small part
  generationsPerSecond: 1000,
  storedPerSecond: 3000,
  // of each part: with the look through all keys a pass is over within twice its period of five minutes
  openMs: 2 * MINUTE,
  storedMs: 2 * MINUTE,
  // about 3 MB of names
  maxUploads: 20_000,
  // An id may be a day old when it is enqueued: each generation is looked at for a day at least.
  days: 3,
};
