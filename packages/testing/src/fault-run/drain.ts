import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.ts';
import type { Records } from '../judge/records.ts';

/** How long everything may take to become final after the faults stopped, at scale 1. */
const LIMIT_MS = 60_000;
/** Nothing is believed to be over before: Redis may have been taken back, and S3 not been compared with it yet. */
const CALM_MS = 5000;
/** What has not come home for so long does not come soon: several polls. */
const UNCHANGED_MS = 15_000;

/**
 * Waits, once the faults have stopped, until every caller was told and no generation is open any more, or the limit is reached.
 * What a closed generation may have sent is looked for until the horizon: it is not waited for while nothing else changes.
 */
export async function drain(load: Load, records: Records, scale: number, signal: AbortSignal): Promise<void> {
  const stoppedAt = performance.now();
  let isDone = false;
  load.done.then(
    () => (isDone = true),
    () => undefined,
  );
  let [open, changedAt] = [Infinity, stoppedAt];
  for (let now = stoppedAt; now - stoppedAt < LIMIT_MS * scale; now = performance.now()) {
    const count = await records.countOpen();
    if (count !== open) [open, changedAt] = [count, now];
    const isOver = open === 0 ? now - stoppedAt > CALM_MS * scale : now - changedAt > UNCHANGED_MS * scale;
    if (isDone && isOver) return;
    await delay(250, undefined, { signal });
  }
}
