import { createGenerationId, type GenerationStatus } from '@darkroom/contracts';
import type { Redis } from 'ioredis';

/** Writes entries and lists as the scripts of the store leave them, many in one call; the requests are erased. Its sums are those of one image of 0.02 USD. */
const FILL = /* lua */ `
local prefix = ARGV[1]
local OUTLINE = '{"model":"xai:grok-imagine@image","positivePrompt":"","width":1024,"height":1024,"numberResults":1,"outputFormat":"JPG"}'
for at = 2, #ARGV, 4 do
  local id, createdAt, tenant, status = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local isOpen = status == 'queued' or status == 'running'
  local finishedAt = isOpen and '' or string.format('%.0f', createdAt + 5000)
  local code = status == 'failed' and 'provider.refused' or ''
  local cost = status == 'succeeded' and 20000000 or 0
  redis.call('HSET', prefix .. ':generation:' .. id, 'status', status, 'tenant', tenant, 'createdAt', createdAt,
    'codes', code, 'images', 1, 'image:0', isOpen and 'open' or status, 'cost', cost, 'deadlineAt', '', 'runAt', '', 'live', isOpen and 1 or 0,
    'latest:0', 1, 'idempotencyDigest', '', 'idempotencySeconds', 604800, 'retentionSeconds', 604800, 'requestDigest', 'gone',
    'provider', 'runware', 'model', 'xai:grok-imagine@image', 'expected', 'JPG 1024x1024', 'outline', OUTLINE)
  if not isOpen then redis.call('HSET', prefix .. ':generation:' .. id, 'finishedAt', finishedAt) end
  local submission = prefix .. ':submission:' .. id .. ':0-1'
  redis.call('HSET', submission, 'status', isOpen and (status == 'queued' and 'planned' or 'accepted') or status, 'sends', status == 'queued' and 0 or 1,
    'round', 0, 'rejections', 0, 'deliverySeq', 0, 'failures', 0, 'reserved', 20000000, 'held', '0', 'periods', '', 'settled', cost, 'code', code)
  redis.call('SET', submission .. ':timeline', createdAt .. ' enqueued;' .. (isOpen and '' or finishedAt .. ' ' .. status .. ' ' .. code .. ';'))
  for _, of in ipairs({ 'all', 'tenant:' .. tenant }) do
    local list = prefix .. ':list:' .. of .. ':'
    redis.call('ZADD', list .. status, createdAt, id)
    if not isOpen then redis.call('ZADD', list .. 'finished', finishedAt, id) end
    if code ~= '' then redis.call('ZADD', list .. 'code:' .. code, createdAt, id) end
  end
  if isOpen then redis.call('ZADD', prefix .. ':open', createdAt, id) end
end
return 1
`;

const AT_ONCE = 1000;

export interface Filling {
  readonly count: number;
  /** Creation time of the first one; each other comes later by `everyMs`. */
  readonly from: number;
  readonly everyMs: number;
  readonly tenants: number;
  readonly statusOf: (at: number) => GenerationStatus;
}

/** Fills the lists of a store with generations of which each has one image. Nothing else knows them: no job, no money. */
export async function fillGenerations(redis: Redis, prefix: string, { count, from, everyMs, tenants, statusOf }: Filling): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const rows = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, step) => {
      const at = first + step;
      const createdAt = from + at * everyMs;
      return [createGenerationId(createdAt), createdAt, `tenant-${at % tenants}`, statusOf(at)];
    });
    await redis.eval(FILL, 1, `${prefix}:open`, prefix, ...rows.flat());
  }
}
