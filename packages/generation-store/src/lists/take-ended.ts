import { generationStatuses } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { endedKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { namedReply, number, words } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { MOST_IMAGES } from '../lua/sound.ts';

/**
 * Takes generations from the list of those that ended, and replies what their line says: of one that is damaged its id alone. One that has left
 * Redis is left out.
 */
const takeScript = createLuaScript(/* lua */ `${prelude}
local ended = {}
for _, id in ipairs(redis.call('LPOP', KEYS[1], tonumber(ARGV[2])) or {}) do
  local key = prefix .. ':generation:' .. id
  local fields = redis.pcall('HMGET', key, 'tenant', 'status', 'createdAt', 'runAt', 'finishedAt', 'cost', 'images', 'traceparent')
  if fields.err then
    ended[#ended + 1] = { 'id', id }
  elseif fields[1] or fields[2] or fields[3] then
    local roads, seen, made = {}, {}, 0
    for index = 0, math.min(tonumber(fields[7]) or 0, ${MOST_IMAGES}) - 1 do
      local winner = redis.pcall('HGET', key, 'winner:' .. index)
      local result = type(winner) == 'string' and redis.pcall('HGET', submissionKey(id, index, winner), 'result')
      if type(winner) == 'string' then made = made + 1 end
      local road = type(result) == 'string' and string.match(result, '"road":"([%a-]+)"')
      if road and not seen[road] then
        seen[road] = true
        roads[#roads + 1] = road
      end
    end
    ended[#ended + 1] = named({
      id = id, tenant = fields[1] or '', status = fields[2] or '', createdAt = fields[3] or '', runAt = fields[4] or nil,
      finishedAt = fields[5] or '', costNanoUsd = fields[6] or '0', images = fields[7] or '', made = made, traceparent = fields[8] or nil, roads = table.concat(roads, ' '),
    })
  end
end
return ended
`);

const endedSchema = namedReply(
  z.object({
    id: z.string(),
    tenant: z.string(),
    status: z.enum(generationStatuses),
    createdAt: number,
    runAt: number.optional(),
    finishedAt: number,
    costNanoUsd: number,
    images: number,
    made: number,
    traceparent: z.string().optional(),
    roads: words,
  }),
);
const replySchema = z.array(z.unknown());
const idSchema = namedReply(z.object({ id: z.string() }));

/** A generation that ended, as its last line tells it. */
export type EndedGeneration = z.output<typeof endedSchema>;

/** Generations that ended, and the ids of those whose entries cannot be read. */
export interface Ended {
  ended: EndedGeneration[];
  unreadable: string[];
}

/** Takes up to `count` generations that ended, the first to end first. Each is given to one caller, once. */
export async function takeEnded(redis: Redis, prefix: string, count: number): Promise<Ended> {
  const [ended, unreadable]: [EndedGeneration[], string[]] = [[], []];
  for (const row of replySchema.parse(await takeScript.run(redis, endedKey(prefix), [prefix, count]))) {
    const { data } = endedSchema.safeParse(row);
    if (data === undefined) unreadable.push(idSchema.parse(row).id);
    else ended.push(data);
  }
  return { ended, unreadable };
}
