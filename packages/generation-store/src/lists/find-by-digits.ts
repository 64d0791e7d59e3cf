import { generationStatuses } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { lists } from '../lua/lists.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number, words } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Entries of each list that one call looks at: some milliseconds of Redis. */
const LOOKED_AT = 3000;

/**
 * Looks at the next generations by their creation time, the oldest first, and replies those whose id begins with these digits, how many it
 * looked at, and the time from which the next call goes on.
 */
const findScript = createNamedScript(['tenant', 'digits', 'low', 'high'])(/* lua */ `${prelude}${lists}
local of = listsOf(tenant)[tenant == '' and 1 or 2]
local found, looked, bound, all = {}, 0, tonumber(high), {}
local function read(limit)
  all = {}
  for _, status in ipairs({ '${generationStatuses.join("', '")}' }) do
    local last = limit and '(' .. high or low
    local some = redis.call('ZRANGEBYSCORE', of .. status, low, last, 'WITHSCORES', 'LIMIT', 0, limit or -1)
    if #some == 2 * (limit or 0) and limit then bound = math.min(bound, tonumber(some[#some])) end
    all[#all + 1] = some
  end
end
read(${LOOKED_AT})
-- so many in one millisecond: all of them
if bound == tonumber(low) then
  read()
  bound = bound + 1
end
for _, some in ipairs(all) do
  for at = 1, #some, 2 do
    if tonumber(some[at + 1]) < bound then
      looked = looked + 1
      if string.sub(some[at], 1, #digits) == digits then found[#found + 1] = some[at] end
    end
  end
end
return named({ ids = table.concat(found, ' '), looked = looked, next = bound })
`);

const replySchema = namedReply(z.object({ ids: words, looked: number, next: number }));

/** Ids that one look found. */
export interface FoundByDigits {
  ids: string[];
  /** Generations that it looked at. */
  looked: number;
  /** Creation time up to which it looked; the next look goes on there. */
  next: number;
}

/**
 * Finds generations by the first digits of their id, among those enqueued in a stretch of time, the oldest first. One call looks at some
 * thousand and no more.
 * @param digits Hexadecimal digits without dashes.
 */
export async function findByDigits(
  redis: Redis,
  prefix: string,
  { digits, tenant, from, before }: { digits: string; tenant?: string | undefined; from: number; before: number },
): Promise<FoundByDigits> {
  const given = { tenant, digits: writeBegin(digits), low: from, high: before };
  return replySchema.parse(await findScript.run(redis, openKey(prefix), prefix, given));
}

/** Begin and end of each group of a UUID, in digits. */
const groups = [
  [0, 8],
  [8, 12],
  [12, 16],
  [16, 20],
  [20, 32],
] as const;

/** Writes the first digits of an id with the dashes between them. */
const writeBegin = (digits: string): string =>
  groups
    .map(([from, to]) => digits.slice(from, to))
    .filter((part) => part !== '')
    .join('-');
