import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Reads the ledger of the periods that are now, by Redis time.
 * Replies: <now> then, for each period, name | cap or '' | resetsAt | reserved | settled | expected | reported | unreported | differing
 */
const readSpendScript = createLuaScript(/* lua */ `${prelude}${money}
local now = nowMs()
local caps = capsOf() or {}
local reply = { int(now) }
for _, period in ipairs(periodsOf(ARGV[2], now)) do
  local row = { period.name, caps[period.cap] or '', int(period.resetsAt) }
  local spend = redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled', 'expected', 'reported', 'unreported', 'differing')
  for _, value in ipairs(spend) do row[#row + 1] = value or '0' end
  reply[#reply + 1] = row
end
return reply
`);

/** What one period of the ledger holds (I7). Periods are days and months in UTC. */
export interface PeriodSpend {
  /** Such as "all:day:2026-11-22" or "tenant:acme:month:2026-11". */
  name: string;
  /** What may be reserved and settled together; absent: no cap. */
  capNanoUsd?: NanoUsd;
  /** Held for what is not settled yet, unknown outcomes included. */
  reservedNanoUsd: NanoUsd;
  /** Charged for what has ended: as the provider reported it, or as expected where it did not. */
  settledNanoUsd: NanoUsd;
  /** By the price list, for what has ended with an image. */
  expectedNanoUsd: NanoUsd;
  /** What the provider reported of it. */
  reportedNanoUsd: NanoUsd;
  /** Submissions that ended with an image and without a reported cost. */
  unreported: number;
  /** Submissions whose reported cost was another than expected; failures that cost something among them. */
  differing: number;
  /** When the next period begins, in milliseconds since 1970. */
  resetsAt: number;
}

const count = z.coerce.number();
const replySchema = z.tuple([count]).rest(z.tuple([z.string(), z.string(), count, count, count, count, count, count, count]));

/** Today and this month, of all tenants and, when one is named, of that tenant. */
export async function readSpend(redis: Redis, prefix: string, tenant?: string): Promise<PeriodSpend[]> {
  const [, ...periods] = replySchema.parse(await readSpendScript.run(redis, capsKey(prefix), [prefix, tenant ?? '']));
  return periods
    .filter(([name]) => tenant !== undefined || name.startsWith('all:'))
    .map(([name, cap, resetsAt, reservedNanoUsd, settledNanoUsd, expectedNanoUsd, reportedNanoUsd, unreported, differing]) => ({
      name,
      ...(cap === '' ? {} : { capNanoUsd: Number(cap) }),
      resetsAt,
      reservedNanoUsd,
      settledNanoUsd,
      expectedNanoUsd,
      reportedNanoUsd,
      unreported,
      differing,
    }));
}
