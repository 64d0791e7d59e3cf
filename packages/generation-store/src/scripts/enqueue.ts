import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/**
 * Writes a generation, its first submissions and their holds, all or nothing; done twice it does nothing the second time.
 * Money of a generation that is to run later is held when it is due.
 * Replies: created | exists | conflict | replayed <id> <runAt> | not-initialised | cap <period> <used> <cap> <resetsAt> <now>
 */
export const enqueueScript = createLuaScript(/* lua */ `${prelude}${money}
local key, id = KEYS[1], ARGV[2]
local request, requestDigest, tenant = ARGV[3], ARGV[4], ARGV[5]
local images, amount = tonumber(ARGV[6]), tonumber(ARGV[7])
local deadlineAt, runAt = ARGV[8], ARGV[9]
local idempotencyDigest, idempotencySeconds, retentionSeconds = ARGV[10], ARGV[11], ARGV[12]

if redis.call('EXISTS', prefix .. ':epoch') == 0 then return { 'not-initialised' } end
local present = redis.call('HMGET', key, 'requestDigest', 'runAt')
if present[1] then return { present[1] == requestDigest and 'exists' or 'conflict', id, present[2] or '' } end
local idempotencyKey = prefix .. ':idempotency:' .. tenant .. ':' .. idempotencyDigest
if idempotencyDigest ~= '' then
  local taken = redis.call('HMGET', idempotencyKey, 'generationId', 'requestDigest')
  if taken[1] then
    local first = redis.call('HGET', prefix .. ':generation:' .. taken[1], 'runAt')
    return { taken[2] == requestDigest and 'replayed' or 'conflict', taken[1], first or '' }
  end
end

local now = nowMs()
local periods = periodsOf(tenant, now)
local isDue = holdsWhenDue(runAt, now)
if not isDue then
  local period, used, cap = capReached(periods, amount * images)
  if period then return { 'cap', period.name, int(used), int(cap), int(period.resetsAt), int(now) } end
end

redis.call('HSET', key, 'status', 'queued', 'request', request, 'requestDigest', requestDigest, 'tenant', tenant,
  'images', images, 'live', images, 'createdAt', int(now), 'cost', 0, 'deadlineAt', deadlineAt, 'runAt', runAt,
  'idempotencyDigest', idempotencyDigest, 'idempotencySeconds', idempotencySeconds, 'retentionSeconds', retentionSeconds)
for i = 13, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
for index = 0, images - 1 do
  redis.call('HSET', key, 'image:' .. index, 'open', 'latest:' .. index, 1)
  local held, names = newHold(isDue, periods, amount)
  redis.call('HSET', submissionKey(id, index, 1), 'status', 'planned', 'sends', 0, 'round', 0, 'rejections', 0,
    'deliverySeq', 0, 'failures', 0, 'reserved', int(amount), 'held', held, 'periods', names)
end
redis.call('ZADD', prefix .. ':open', int(now), id)
-- its time begins when the generation is over: a key that ended before could buy the same twice
if idempotencyDigest ~= '' then redis.call('HSET', idempotencyKey, 'generationId', id, 'requestDigest', requestDigest) end
announce('generation.queued', id, nil, nil, now)
return { 'created', id, runAt }
`);
