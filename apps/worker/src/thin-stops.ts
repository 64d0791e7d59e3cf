import { defined } from '@darkroom/contracts';
import type { Purchase } from '@darkroom/purchase';

type Log = Purchase['around']['log'];

const LINE_EVERY_MS = 600_000;
/** The line counts no more periods than these, to bound the memory. */
const MOST_PERIODS = 10_000;

/** Stops of one kind since its last line. */
interface Told {
  at: number;
  leftOut: number;
  periods: Set<string>;
}

/**
 * Writes one line in ten minutes for each kind of reason not to buy, with the number of lines left out. One reason stops every submission
 * that waits behind it. The caps of all tenants are one kind, because each tenant may have reached its own: the line names one period
 * and counts the others.
 */
export function thinStops(log: Log, nowMs: () => number): Log {
  const told = new Map<string, Told>();
  return (event, ref, details) => {
    if (event !== 'submission.stopped') return log(event, ref, details);
    const { period, ...reason } = details ?? {};
    const kind = JSON.stringify({ ...reason, cap: typeof period === 'string' ? capOf(period) : undefined });
    const now = nowMs();
    const last = told.get(kind);
    if (typeof period === 'string' && last !== undefined && last.periods.size < MOST_PERIODS) last.periods.add(period);
    if (last !== undefined && now - last.at < LINE_EVERY_MS) {
      last.leftOut += 1;
      return;
    }
    told.set(kind, { at: now, leftOut: 0, periods: new Set() });
    const { leftOut = 0, periods } = last ?? {};
    const more = {
      leftOut: leftOut > 0 ? leftOut : undefined,
      periods: periods !== undefined && periods.size > 1 ? periods.size : undefined,
    };
    log(event, ref, { ...details, ...defined(more) });
  };
}

/** Returns the cap of a period: "tenant:day" for "tenant:acme:day:2026-11-29". */
const capOf = (period: string): string => period.replace(/^([a-z]+)(?::.*)?:(day|month):[\d-]+$/s, '$1:$2');
