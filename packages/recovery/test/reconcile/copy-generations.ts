/** Copies a generation and its submissions under another id; of an open one the money is booked for a tenant of its own. */
export const COPY = /* lua */ `
local prefix, from, images, tenant, createdAt, seconds = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6]
for at = 7, #ARGV do
  local id = ARGV[at]
  local key = prefix .. ':generation:' .. id
  redis.call('COPY', prefix .. ':generation:' .. from, key)
  local owner = tenant .. (at - 7)
  local moment = createdAt + at - 7
  if seconds == '' then
    redis.call('ZADD', prefix .. ':open', moment, id)
    redis.call('HSET', key, 'tenant', owner, 'createdAt', string.format('%.0f', moment))
  else
    redis.call('EXPIRE', key, seconds)
  end
  for index = 0, images - 1 do
    local submission = prefix .. ':submission:' .. id .. ':' .. index .. '-1'
    redis.call('COPY', prefix .. ':submission:' .. from .. ':' .. index .. '-1', submission)
    if seconds == '' then
      local periods = string.gsub(redis.call('HGET', submission, 'periods'), 'tenant:acme', 'tenant:' .. owner)
      redis.call('HSET', submission, 'periods', periods)
      for name in string.gmatch(periods, '[^ ]+') do
        redis.call('HINCRBY', prefix .. ':spend:' .. name, 'reserved', redis.call('HGET', submission, 'reserved'))
      end
    else
      redis.call('EXPIRE', submission, seconds)
    end
  end
end
return 0`;
