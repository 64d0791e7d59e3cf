import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.ts';
import type { Records } from '../judge/records.ts';

/** Time after the last fault in which everything must become final, at scale 1. */
const LIMIT_MS = 60_000;
/** The run waits at least this long: Redis may have gone back, and a worker may not have compared it with S3 yet. */
const CALM_MS = 5000;
/** An image that has not come home for several polls does not come soon. */
const UNCHANGED_MS = 15_000;

/**
 * Waits after the last fault until every caller has its answer and no generation is open, or until the limit. Workers look for a
 * closed generation's sends until the horizon; the run does not wait for that while nothing else changes.
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
