import { defined, type RequestOutline } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { dropRequest, entryOutline, outlineFields } from '../enqueue/kept-request.ts';
import { erasuresKey, generationKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { events } from '../lua/events.ts';
import { lists } from '../lua/lists.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { flag, hashReply, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { MOST_IMAGES } from '../lua/sound.ts';

/** A generation that is due for a sweep. */
export interface DueErasure {
  generationId: string;
  /** Redis time. */
  now: number;
  /** Due time of the erasure, as the sweep read it. Another script may change it before the sweep ends. */
  dueAt: number;
  /** Tenant that asked, or tenant of the generation; absent if the caller may erase for every tenant. */
  tenant?: string;
  /** True if an open generation is erased too. */
  isForced: boolean;
  /** End of the first sweep. */
  erasedAt?: number;
  /** True if only its tombstone asked, of which Redis knew nothing. */
  isNoted: boolean;
  /** True if what Redis holds of its erasure is damaged: nothing tells what was asked for. */
  isDamaged?: true;
  /** Parts that go by age; absent if a caller asked, which means all. */
  aged?: 'all' | 'requests';
  /** The generation as Redis knows it; absent if it has no entry. */
  known?: {
    tenant: string;
    isOpen: boolean;
    /** Absent for an entry that cannot be read. */
    outline?: RequestOutline;
    /** Newest submission of each image. */
    latest: { index: number; n: number }[];
  };
}

/** Replies Redis time and the generations that are due, each with its time, its erasure and its entry. */
const dueScript = createNamedScript(['most'])(/* lua */ `${prelude}${erasures}
local now, all = nowMs(), {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, most)
for at = 1, #due, 2 do
  local entry = redis.pcall('HGETALL', prefix .. ':generation:' .. due[at])
  local erasure = redis.pcall('HGETALL', erasureKey(due[at]))
  all[#all + 1] = named({
    generationId = due[at], dueAt = due[at + 1], erasure = erasure.err and {} or erasure, isDamaged = erasure.err and 1 or nil,
    entry = entry.err and {} or entry,
  })
end
return { int(now), all }
`);

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));
const unreadable = { tenant: undefined, isForced: false, isNoted: false, isDamaged: true } as const;
const erasureSchema = namedReply(
  z.object({
    tenant: optionalText,
    isForced: flag.default(false),
    erasedAt: number.optional(),
    isNoted: flag.default(false),
    aged: z.enum(['all', 'requests']).optional(),
    isDamaged: z.literal(true).optional(),
  }),
).catch(unreadable);
const dueSchema = z.tuple([
  number,
  z.array(
    namedReply(
      z.object({ generationId: z.string(), dueAt: number, erasure: erasureSchema, isDamaged: z.string().optional(), entry: hashReply }),
    ),
  ),
]);

/** Reads the generations that are due for a sweep, the oldest first. */
export async function readDueErasures(redis: Redis, prefix: string, count: number): Promise<DueErasure[]> {
  const [now, rows] = dueSchema.parse(await dueScript.run(redis, erasuresKey(prefix), prefix, { most: count }));
  return rows.map(({ generationId, dueAt, isDamaged, erasure, entry }) => ({
    generationId,
    now,
    dueAt,
    ...defined({ ...erasure, isDamaged: isDamaged === undefined ? erasure.isDamaged : (true as const), known: knownOf(entry) }),
  }));
}

function knownOf(entry: Record<string, string>): DueErasure['known'] {
  const { status, tenant, images } = entry;
  if (status === undefined || tenant === undefined) return undefined;
  const latest = Array.from({ length: Math.min(Number(images) || 0, MOST_IMAGES) }, (_, index) => ({
    index,
    n: Number(entry[`latest:${index}`] ?? 0),
  }));
  return defined({ tenant, isOpen: status === 'queued' || status === 'running', outline: entryOutline.safeParse(entry).data, latest });
}

/**
 * Empties the entry of a generation, which keeps its status, its money and its images by number: request, labels and digests go, and so do
 * facts and deliveries of what has ended. What is under way keeps its facts until it is booked, and is swept then.
 *
 * Tells the event once, or once more if Redis forgot that it did. Leaves the place in the list of erasures to a script that moved it meanwhile.
 */
const endSweepScript = createNamedScript([
  'id',
  'tenant',
  'dueAt',
  'againAt',
  'sweptUntil',
  'erasedAt',
  'keepsImages',
  'keptSeconds',
  'agedSeconds',
  'provider',
  'model',
  'expected',
  'outline',
])(/* lua */ `${prelude}${lists}${events}${erasures}${dropRequest}
local key, now = KEYS[1], nowMs()
local generation, known = hash(key)
if not known then
  redis.call('DEL', key .. ':request')
else
  dropRequest(key, id, generation)
  for _, list in ipairs(listsOf(generation.tenant or '')) do
    for digest in string.gmatch(generation.labels or '', '%x+') do redis.pcall('ZREM', list .. 'tag:' .. digest, id) end
  end
  redis.call('HDEL', key, 'labels')
  redis.call('HSET', key, 'erasedAt', erasedAt)
  -- its request went by its age, and its images can be seen
  if keepsImages ~= '' then redis.call('HSET', key, 'keepsImages', 1) else redis.call('HDEL', key, 'keepsImages') end
  for index = 0, math.min(tonumber(generation.images) or 0, ${MOST_IMAGES}) - 1 do
    for n = 1, tonumber(generation['latest:' .. index]) or 0 do
      if keepsImages == '' then redis.pcall('ZREM', prefix .. ':withheld', id .. '/' .. index .. '-' .. n) end
      local status = redis.pcall('HGET', submissionKey(id, index, n), 'status')
      if status ~= 'planned' and status ~= 'committed' and status ~= 'accepted' then
        redis.pcall('HDEL', submissionKey(id, index, n), 'facts', 'told')
        redis.call('DEL', prefix .. ':deliveries:' .. id .. ':' .. index .. '-' .. n)
      end
    end
  end
end
local unclaimed = redis.pcall('LRANGE', prefix .. ':deliveries-unclaimed', 0, -1)
if not unclaimed.err then
  for _, each in ipairs(unclaimed) do
    if string.sub(each, 1, #id) == id then redis.call('LREM', prefix .. ':deliveries-unclaimed', 1, each) end
  end
end
local erasure = hash(erasureKey(id))
redis.call('HSET', erasureKey(id), 'tenant', tenant, 'erasedAt', erasedAt, 'sweptUntil', sweptUntil)
if not erasure.requestedAt then redis.call('HSET', erasureKey(id), 'requestedAt', erasedAt) end
if keepsImages ~= '' then redis.call('HSET', erasureKey(id), 'keepsImages', 1) else redis.call('HDEL', erasureKey(id), 'keepsImages') end
local function orNil(value) if value ~= '' then return value end end
local origin = { tenant = tenant, provider = generation.provider or orNil(provider), model = generation.model or orNil(model), traceparent = generation.traceparent }
-- what leaves the images is no erasure yet: neither an event nor a bulk erasure counts it
if keepsImages == '' then
  -- an earlier version told of sweeps that left them, too
  if not erasure.told or erasure.keepsImages then record('generation.erased', id, origin, nil, nil, now) end
  redis.call('HSET', erasureKey(id), 'told', 1)
  countForBulks(id, erasure, 'erased')
end
local isMoved = redis.call('ZSCORE', prefix .. ':erasures', id) ~= dueAt
if againAt ~= '' then
  redis.call('PERSIST', erasureKey(id))
  if not isMoved then redis.call('ZADD', prefix .. ':erasures', againAt, id) end
elseif not isMoved then
  redis.call('ZREM', prefix .. ':erasures', id)
  redis.call('EXPIRE', erasureKey(id), erasure.aged and agedSeconds or keptSeconds)
end
`);

export interface EndedSweep {
  due: DueErasure;
  tenant: string;
  /** Needed for an entry of an earlier version, which has its request inside. */
  outline: RequestOutline | undefined;
  erasedAt: number;
  /** True if the request alone went, by its age. */
  keepsImages: boolean;
  sweptUntil: number;
  /** Time of the next sweep; absent after the last one. */
  againAt: number | undefined;
}

/** Time for which Redis tells of an erasure after its last sweep. */
const TOLD_FOR_SECONDS = 30 * 86_400;
/** The same for an erasure by age: no caller asks about it, and there are many. */
const AGED_TOLD_FOR_SECONDS = 3600;

/** Ends a sweep in Redis: empties the entry, tells the event, and notes the next sweep. */
export async function endSweep(redis: Redis, prefix: string, sweep: EndedSweep): Promise<void> {
  const { due, tenant, outline, erasedAt, keepsImages, sweptUntil, againAt } = sweep;
  const fields = outline === undefined ? { provider: '', model: '', expected: '', outline: '' } : outlineFields(outline);
  await endSweepScript.run(redis, generationKey(prefix, due.generationId), prefix, {
    id: due.generationId,
    tenant,
    dueAt: due.dueAt,
    againAt,
    sweptUntil,
    erasedAt,
    keepsImages: keepsImages ? 1 : undefined,
    keptSeconds: TOLD_FOR_SECONDS,
    agedSeconds: AGED_TOLD_FOR_SECONDS,
    ...fields,
  });
}

/** Forgets a request to erase: of a generation that does not exist, is open, or belongs to another tenant. */
const dropScript = createNamedScript(['id', 'dueAt'])(/* lua */ `${prelude}${erasures}
if redis.call('ZSCORE', KEYS[1], id) ~= dueAt then return 0 end
redis.call('ZREM', KEYS[1], id)
countForBulks(id, (hash(erasureKey(id))), 'gone')
return redis.call('DEL', erasureKey(id))
`);

/** Forgets a request to erase, unless it was made anew since. */
export const dropErasure = async (redis: Redis, prefix: string, { generationId, dueAt }: DueErasure): Promise<void> =>
  void (await dropScript.run(redis, erasuresKey(prefix), prefix, { id: generationId, dueAt }));

/** Puts a sweep off, unless it was asked for anew since. */
const postponeScript = createNamedScript(['id', 'dueAt', 'delayMs'])(/* lua */ `${prelude}
if redis.call('ZSCORE', KEYS[1], id) ~= dueAt then return 0 end
return redis.call('ZADD', KEYS[1], int(nowMs() + tonumber(delayMs)), id)
`);

/** Time after which a sweep that a damaged record stopped is tried again. An operator repairs the record; until then it delays no other. */
const DAMAGED_AGAIN_MS = 600_000;

/** Puts a sweep off that a damaged record stopped. */
export const postponeSweep = async (redis: Redis, prefix: string, { generationId, dueAt }: DueErasure): Promise<void> =>
  void (await postponeScript.run(redis, erasuresKey(prefix), prefix, { id: generationId, dueAt, delayMs: DAMAGED_AGAIN_MS }));

/** Counts the generations that are or will be due. */
export const countErasures = (redis: Redis, prefix: string): Promise<number> => redis.zcard(erasuresKey(prefix));
