import { defined, type NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Reads the ledger of the current periods, by Redis time. Replies a group for each. */
const readSpendScript = createNamedScript(['tenant'])(/* lua */ `${prelude}${money}
local caps = capsOf() or {}
local periods = {}
for _, period in ipairs(periodsOf(tenant, nowMs())) do
  local spend = redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled', 'expected', 'reported', 'unreported', 'differing')
  periods[#periods + 1] = named({
    name = period.name, capNanoUsd = caps[period.cap], resetsAt = period.resetsAt, reservedNanoUsd = spend[1] or '0',
    settledNanoUsd = spend[2] or '0', expectedNanoUsd = spend[3] or '0', reportedNanoUsd = spend[4] or '0',
    unreported = spend[5] or '0', differing = spend[6] or '0', unreadNanoUsd = unreadIn(period.name),
  })
end
return periods
`);

/** Money in one period of the ledger (I7). Periods are days and months in UTC. */
export interface PeriodSpend {
  /** Name of the period, such as "all:day:2026-11-22" or "tenant:acme:month:2026-11". */
  name: string;
  /** The cap on reserved and settled money together; absent: no cap. */
  capNanoUsd?: NanoUsd;
  /** Held for unsettled submissions, unknown outcomes included. */
  reservedNanoUsd: NanoUsd;
  /** Charged for ended submissions: the reported cost, or the expected one without a report. */
  settledNanoUsd: NanoUsd;
  /** Expected cost, by the price list, of submissions that ended with an image. */
  expectedNanoUsd: NanoUsd;
  /** Reported part of the charges. */
  reportedNanoUsd: NanoUsd;
  /** Submissions that ended with an image and without a reported cost. */
  unreported: number;
  /** Submissions whose reported cost differed from the expected one, charged failures included. */
  differing: number;
  /** Unread money, which its cap counts too; 0 unless a rebuild reads on or has left something out. Absent: not known, and its cap counts as reached. */
  unreadNanoUsd?: NanoUsd;
  /** Start of the next period, in milliseconds since 1970. */
  resetsAt: number;
}

const replySchema = z.array(
  namedReply(
    z.object({
      name: z.string(),
      capNanoUsd: number.optional(),
      resetsAt: number,
      reservedNanoUsd: number,
      settledNanoUsd: number,
      expectedNanoUsd: number,
      reportedNanoUsd: number,
      unreported: number,
      differing: number,
      unreadNanoUsd: number.optional(),
    }),
  ),
);

/** Reads today and this month, of all tenants and, if one is named, of that tenant. */
export async function readSpend(redis: Redis, prefix: string, tenant?: string): Promise<PeriodSpend[]> {
  const periods = replySchema.parse(await readSpendScript.run(redis, capsKey(prefix), prefix, { tenant }));
  return periods.filter(({ name }) => tenant !== undefined || name.startsWith('all:')).map(defined);
}
