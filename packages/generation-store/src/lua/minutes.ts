import { totals } from './totals.ts';

/** Time that the counts of a minute stay, in seconds: a day, and a margin to read it. */
export const MINUTE_KEPT_SECONDS = 26 * 3600;
/** Length of a minute. */
export const MINUTE_MS = 60_000;

/**
 * Counts of each minute of Redis time, in the hash `minute:<n>` (minutes since 1970), which ends by itself: `generations` and `enqueued`
 * (images), `refused:<answer>` of an enqueue, `accepted` by the provider, `recorded` with `road:<road>`, and `failed:<code>`. All words are ours,
 * so a hash is bounded. A count that cannot be written, because a right is missing or the key is of another type, ends no purchase. After the prelude.
 */
export const minutes = /* lua */ `${totals}
local function countMinute(at, name, by)
  local key = prefix .. ':minute:' .. int(math.floor(at / ${MINUTE_MS}))
  if redis.pcall('HINCRBY', key, name, by or 1) == (by or 1) then redis.pcall('EXPIRE', key, ${MINUTE_KEPT_SECONDS}) end
end

-- an end counts in the minute in which it came, also if it is restored; an older one is not counted any more
local function countEnd(now, at, name)
  if at and at > now - ${MINUTE_KEPT_SECONDS * 1000} and at <= now + CLOCKS_AGREE_MS then countMinute(at, name) end
end

-- counts an answer that neither made a generation nor found one
local isNoRefusal = { created = true, exists = true, replayed = true, changed = true, ['not-initialised'] = true }
local function countRefusal(answer)
  countMinute(nowMs(), 'refused:' .. answer)
  countTotal('refused:' .. answer)
end
local function countAnswer(reply)
  for place = 1, #reply, 2 do
    if reply[place] == 'kind' and not isNoRefusal[reply[place + 1]] then countRefusal(reply[place + 1]) end
  end
  return reply
end
`;
