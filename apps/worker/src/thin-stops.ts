import type { Purchase } from '@darkroom/purchase';

type Log = Purchase['around']['log'];

const LINE_EVERY_MS = 600_000;
/** A cap of each tenant may be reached. */
const MAX_REASONS = 10_000;

/**
 * Writes one line in ten minutes for each reason why nothing is bought, with how many were left out: what stops one submission stops
 * each that waits behind it.
 */
export function thinStops(log: Log, nowMs: () => number): Log {
  const told = new Map<string, { at: number; leftOut: number }>();
  return (event, ref, details) => {
    if (event !== 'submission.stopped') return log(event, ref, details);
    const reason = JSON.stringify(details);
    const now = nowMs();
    const last = told.get(reason);
    if (last !== undefined && now - last.at < LINE_EVERY_MS) {
      last.leftOut += 1;
      return;
    }
    if (told.size >= MAX_REASONS) told.clear();
    told.set(reason, { at: now, leftOut: 0 });
    log(event, ref, { ...details, ...(last === undefined || last.leftOut === 0 ? {} : { leftOut: last.leftOut }) });
  };
}
