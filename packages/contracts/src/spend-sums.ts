import { z } from 'zod';

/** Version of the objects that hold sums by period. */
export const SPEND_SUMS_VERSION = 1;

const DAY_MS = 86_400_000;

/**
 * Held and charged money by period at one time, as S3 keeps it: an upper bound of all purchases until then. Each object holds the periods
 * that have moved since its base, so that its size follows from the changes of a minute.
 */
export const spendSumsSchema = z.object({
  version: z.literal(SPEND_SUMS_VERSION),
  /** Redis time before the first of its periods was read, in milliseconds since 1970. */
  at: z.int().min(0),
  /** Server run of the Redis that held them. */
  run: z.string(),
  /** Extent: 2 holds every covered period, 1 and 0 those that have moved since its base. */
  level: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  /** Key of the object with the other periods; absent for level 2. */
  base: z.string().optional(),
  /** Earliest day ("2026-11-28") and month ("2026-10") of which all periods are covered. */
  fromDay: z.iso.date(),
  fromMonth: z.string().regex(/^\d{4}-\d{2}$/),
  /** Held and charged money together, in nano-USD. A missing period had none. */
  periods: z.record(z.string(), z.int().min(0)),
});
export type SpendSums = z.infer<typeof spendSumsSchema>;

/** Earliest day and month in which money can still be held or charged: a purchase that waited over midnight counts for the day before. */
export interface CoveredPeriods {
  fromDay: string;
  fromMonth: string;
}

/** Returns the periods that sums of this time cover. @param at Milliseconds since 1970. */
export function coveredAt(at: number): CoveredPeriods {
  const now = new Date(at);
  const lastMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
  return { fromDay: new Date(at - DAY_MS).toISOString().slice(0, 10), fromMonth: lastMonth.toISOString().slice(0, 7) };
}

/** Returns true if sums cover a period such as "tenant:acme:day:2026-11-28". */
export function isCovered(period: string, { fromDay, fromMonth }: CoveredPeriods): boolean {
  const [, kind = '', date = ''] = /:(day|month):([\d-]+)$/.exec(period) ?? [];
  return kind === 'day' ? date >= fromDay : kind === 'month' && date >= fromMonth;
}
