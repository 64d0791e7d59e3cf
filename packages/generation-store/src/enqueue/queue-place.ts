import { defined, type QueuePlace } from '@darkroom/contracts';
import { z } from 'zod';
import { namedReply, number } from '../lua/named.ts';

/**
 * Estimates how many images of all tenants the fleet buys before the first waiting image of a generation, and how long that takes.
 *
 * The fair line orders images by number. A tenant takes one number after another, and puts as many images under each as its weight says. So the
 * number of the image follows from the images of its own tenant before it, and the count is that of all images with lower numbers. It is rough for
 * images that were enqueued before a change of the weight.
 *
 * The time is that count divided by the purchases that the fleet began in this minute and the one before. There is none while buying is paused
 * or nothing is bought. Later orders can only make it longer: urgent ones of the same tenant, and those of tenants that have no image in the line.
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
