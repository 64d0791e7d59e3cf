import type { Purchase } from '@darkroom/purchase';

type Log = Purchase['around']['log'];

const LINE_EVERY_MS = 600_000;
/** Each tenant may have reached a cap of its own. */
const MAX_REASONS = 10_000;

/**
 * Writes one line in ten minutes for each reason not to buy, with the number of lines left out. One reason stops every submission
 * that waits behind it.
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
