import { defined, type QueuePlace } from '@darkroom/contracts';
import { z } from 'zod';
import { namedReply, number } from '../lua/named.ts';

/**
 * The place of a generation in the fair line. Its first waiting image has the number that its tenant will have when those before it have gone:
 * the numbers of a tenant follow each other up to its next one, each with as many images as its weight says. What stands before that number
 * goes first. After a change of the weight the place of what was enqueued before is rough.
 *
 * The estimate is that count, at the pace at which the fleet has begun purchases in this minute and the one before. It is told only while
 * purchases begin and buying is not paused. It knows nothing of what will be enqueued with more urgency, or by tenants that do not wait now.
 */
export const queuePlace = /* lua */ `
local function millisecondsEach(now)
  local minute = math.floor(now / 60000)
  local pace = redis.pcall('HMGET', prefix .. ':line-pace', 'minute', 'count', 'before')
  if pace.err or redis.call('EXISTS', prefix .. ':buying-paused') == 1 then return end
  local at, count, before = tonumber(pace[1] or ''), tonumber(pace[2] or '') or 0, tonumber(pace[3] or '') or 0
  if at == minute - 1 then count, before = 0, count elseif at ~= minute then return end
  if count + before == 0 then return end
  return (60000 + now % 60000) / (count + before)
end

local function findQueuePlace(id, generation)
  for index = 0, tonumber(generation.images) - 1 do
    local me, own = inLine(id, index, 1), lineOf(generation.tenant)
    local number, rank = redis.pcall('ZSCORE', lineKey, me), redis.pcall('ZRANK', own, me)
    if type(number) == 'string' and type(rank) == 'number' then
      local next, taken = clockOf(generation.tenant)
      local weight, fromEnd = weightOf(generation.tenant), redis.call('ZCARD', own) - rank - taken
      local its = fromEnd <= 0 and next or next - math.ceil(fromEnd / weight)
      -- those of its tenant that share its number and come first
      local beside = fromEnd <= 0 and -fromEnd or weight - 1 - (fromEnd - 1) % weight
      local ahead = its == tonumber(number) and redis.call('ZRANK', lineKey, me) or redis.call('ZCOUNT', lineKey, '-inf', '(' .. int(its)) + beside
      local now = nowMs()
      local each = millisecondsEach(now)
      return named({ position = ahead + 1, estimatedStartAt = each and int(now + (ahead + 1) * each) or nil })
    end
  end
end
`;

/** The reply of `findQueuePlace`. */
export const queuePlaceReply = namedReply(z.object({ position: number, estimatedStartAt: number.optional() })).transform(
  (place): QueuePlace => defined(place),
);
