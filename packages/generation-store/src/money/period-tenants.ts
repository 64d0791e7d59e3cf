import { decodeTenant, type NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { passByCorrupt } from '../corrupt-entry.ts';

/** A day or a month in UTC, such as "day:2026-11-30" or "month:2026-11". */
export type TenantPeriod = `day:${string}` | `month:${string}`;

/** Money of one tenant in a period. */
export interface TenantSpend {
  tenant: string;
  /** Held for purchases that have not ended. */
  reservedNanoUsd: NanoUsd;
  /** Charged for those that have. */
  settledNanoUsd: NanoUsd;
}

/** A page of the tenants of a period. */
export interface TenantPage {
  /** In the order of their encoded names. */
  tenants: TenantSpend[];
  /** Number of all tenants of the period. */
  total: number;
  /** Where the next page begins; absent after the last. */
  next?: string;
}

const DEFAULT_LIMIT = 1000;
const amount = z.coerce.number().catch(0);

/**
 * Reads a page of the tenants that have enqueued, held or spent in a period. It costs a command for each of them, and none for other tenants.
 * A damaged sum counts as 0: the reconciler names it.
 * Days stay for 40 days, months for 400.
 * @param after `next` of the page before.
 */
export async function readTenantsOf(
  redis: Redis,
  prefix: string,
  period: TenantPeriod,
  { after, limit = DEFAULT_LIMIT }: { after?: string; limit?: number } = {},
): Promise<TenantPage> {
  const key = `${prefix}:tenants:${period}`;
  const [total, rank] = await Promise.all([redis.zcard(key), after === undefined ? -1 : redis.zrank(key, after)]);
  // names are never taken out, so only the end of the whole set loses one
  if (rank === null) return { tenants: [], total };
  const found = await redis.zrange(key, String(rank + 1), String(rank + limit));
  // a tenant that has come since the rank was read moves the ranks of those behind it
  const parts = after === undefined ? found : found.filter((part) => Buffer.compare(Buffer.from(part), Buffer.from(after)) > 0);
  const sums = await Promise.all(
    parts.map((part) => redis.hmget(`${prefix}:spend:tenant:${part}:${period}`, 'reserved', 'settled').catch(passByCorrupt)),
  );
  const tenants = parts.map((part, at) => ({
    tenant: decodeTenant(part),
    reservedNanoUsd: amount.parse(sums[at]?.[0] ?? 0),
    settledNanoUsd: amount.parse(sums[at]?.[1] ?? 0),
  }));
  const last = parts.at(-1);
  return { tenants, total, ...(found.length === limit && last !== undefined && { next: last }) };
}
