import {
  defined,
  earlierOrigin,
  formatUsd,
  generationStatuses,
  imageStatuses,
  priorities,
  type GenerationStatus,
  type GenerationSummary,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { digestOfTag } from '../enqueue/new-generation.ts';
import { storedMetadata, storedTags } from '../entry-fields.ts';
import { openKey } from '../keys.ts';
import { lists } from '../lua/lists.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { flag, nameArguments, namedReply, number, words } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { MOST_IMAGES } from '../lua/sound.ts';

/** Entries that one call looks at: some milliseconds of Redis. Filters that most entries fail make a page shorter, not a call longer. */
const LOOKED_AT = 1000;

const given = nameArguments([
  'tenant',
  'statuses',
  'code',
  'tag',
  'metadata',
  'createdFrom',
  'createdBefore',
  'finishedFrom',
  'finishedBefore',
  'score',
  'after',
  'count',
]);

/**
 * Replies a page of generations, the newest first: a flag that there may be more, score and id of the last looked at, and those that fit.
 *
 * Walks the smallest list that holds all that may fit: by time of the end, by tag, by code, or by status (several side by side). Drops from it what
 * is gone or no longer belongs there.
 */
const pageScript = createLuaScript(/* lua */ `${prelude}${lists}
${given.lua}
count = tonumber(count)
local of = listsOf(tenant)[tenant == '' and 1 or 2]
local hasAllStatuses = statuses == '${generationStatuses.join(' ')}'
local byEnd = finishedFrom ~= '' or finishedBefore ~= ''
local walked, wanted = {}, metadata ~= '' and cjson.decode(metadata) or {}
if byEnd then walked = { of .. 'finished' }
elseif tag ~= '' then walked = { of .. 'tag:' .. tag }
elseif code ~= '' then walked = { of .. 'code:' .. code }
else for status in string.gmatch(statuses, '%S+') do walked[#walked + 1] = of .. status end end

local low = byEnd and finishedFrom or createdFrom
if low == '' then low = '-inf' end
local high = byEnd and finishedBefore or createdBefore
high = high == '' and '+inf' or '(' .. high

-- the next entries of a list behind (score, after), the highest first; those of one score in the order of the set
local function nextOf(list, size)
  if score == '' then return redis.call('ZREVRANGEBYSCORE', list, high, low, 'WITHSCORES', 'LIMIT', 0, size) end
  local standing = redis.call('ZSCORE', list, after)
  if standing and tonumber(standing) == tonumber(score) then
    local from = redis.call('ZREVRANK', list, after) + 1
    local entries = redis.call('ZREVRANGE', list, from, from + size - 1, 'WITHSCORES')
    while #entries > 0 and low ~= '-inf' and tonumber(entries[#entries]) < tonumber(low) do
      entries[#entries] = nil
      entries[#entries] = nil
    end
    return entries
  end
  local equal = redis.call('ZREVRANGEBYSCORE', list, score, score)
  local entries = {}
  for _, id in ipairs(equal) do
    if id < after and #entries < 2 * size then
      entries[#entries + 1] = id
      entries[#entries + 1] = score
    end
  end
  local left = size - #entries / 2
  if left > 0 then
    local older = redis.call('ZREVRANGEBYSCORE', list, '(' .. score, low, 'WITHSCORES', 'LIMIT', 0, left)
    for _, value in ipairs(older) do entries[#entries + 1] = value end
  end
  return entries
end

-- where all that is there fits, a page needs no more
local isSifted = metadata ~= '' or (byEnd or code ~= '' or tag ~= '') and (not hasAllStatuses or createdFrom ~= '' or createdBefore ~= '' or byEnd or code ~= '')
local size = isSifted and ${LOOKED_AT} or math.min(math.floor(${LOOKED_AT} / math.max(1, #walked)), count + 1)

-- other lists, of which an entry must stand in one of each group: a cheaper question than its fields
local groups = {}
if isSifted and not hasAllStatuses then
  groups[1] = {}
  for status in string.gmatch(statuses, '%S+') do groups[1][#groups[1] + 1] = of .. status end
end
if code ~= '' and (byEnd or tag ~= '') then groups[#groups + 1] = { of .. 'code:' .. code } end
if tag ~= '' and byEnd then groups[#groups + 1] = { of .. 'tag:' .. tag } end

-- a list that cannot be read passes all by
local function standsInEach(id)
  for _, group in ipairs(groups) do
    local isIn = false
    for _, list in ipairs(group) do
      isIn = isIn or redis.pcall('ZSCORE', list, id)
    end
    if not isIn then return false end
  end
  return true
end

-- the next entries of all walked lists, the newest first, up to the end of the first list that was not read to its end
local function nextEntries()
  local entries, isWhole = {}, true
  for _, list in ipairs(walked) do
    local some = nextOf(list, size)
    if #some == 2 * size then isWhole = false end
    for at = 1, #some, 2 do entries[#entries + 1] = { list = list, id = some[at], score = tonumber(some[at + 1]), isEnd = at == 2 * size - 1 } end
  end
  if #walked > 1 then
    table.sort(entries, function(a, b)
      if a.score ~= b.score then return a.score > b.score end
      return a.id > b.id
    end)
  end
  return entries, isWhole
end

local fields = { 'status', 'tenant', 'provider', 'model', 'createdAt', 'finishedAt', 'images', 'cost', 'codes', 'deadlineAt', 'runAt', 'clientReference', 'retryOf', 'amended', 'labels', 'priority', 'revision' }
local page, last, looked, isWhole = {}, nil, 0, false

-- the words beside the request
local function readWords(key, found)
  local words = redis.pcall('HMGET', key .. ':request', 'tags', 'metadata')
  found.tags, found.metadata = not words.err and words[1] or '', not words.err and words[2] or ''
end

local function hasPairs(text)
  local isRead, own = pcall(cjson.decode, text)
  if not isRead or type(own) ~= 'table' then return false end
  for name, value in pairs(wanted) do if own[name] ~= value then return false end end
  return true
end

local function look(entry)
  local key = prefix .. ':generation:' .. entry.id
  local values = redis.pcall('HMGET', key, unpack(fields))
  local found = {}
  for place, name in ipairs(fields) do found[name] = not values.err and values[place] or '' end
  local isHere = found.status ~= ''
  if byEnd then isHere = isHere and found.finishedAt ~= ''
  elseif tag ~= '' then isHere = isHere and string.find(' ' .. found.labels .. ' ', ' ' .. tag .. ' ', 1, true) ~= nil
  elseif code ~= '' then isHere = isHere and string.find(' ' .. found.codes .. ' ', ' ' .. code .. ' ', 1, true) ~= nil
  else isHere = isHere and entry.list == of .. found.status end
  if not isHere then return redis.pcall('ZREM', entry.list, entry.id) end
  local created, images = tonumber(found.createdAt), tonumber(found.images)
  -- the reconciler names an entry that is not sound
  if not created or not images or images < 1 or images > ${MOST_IMAGES} or found.tenant == '' then return end
  local fits = (tenant == '' or found.tenant == tenant) and string.find(' ' .. statuses .. ' ', ' ' .. found.status .. ' ', 1, true)
    and (code == '' or string.find(' ' .. found.codes .. ' ', ' ' .. code .. ' ', 1, true))
    and (createdFrom == '' or created >= tonumber(createdFrom)) and (createdBefore == '' or created < tonumber(createdBefore))
    and (tag == '' or string.find(' ' .. found.labels .. ' ', ' ' .. tag .. ' ', 1, true))
  if not fits then return end
  if found.labels ~= '' then readWords(key, found) end
  if metadata ~= '' and not hasPairs(found.metadata or '') then return end
  found.id = entry.id
  found.revision = shownRevision(found.revision, found.createdAt)
  local names = {}
  for index = 0, images - 1 do names[#names + 1] = 'image:' .. index end
  local imageStatuses = redis.call('HMGET', key, unpack(names))
  for place, status in ipairs(imageStatuses) do imageStatuses[place] = status or '' end
  found.imageStatuses = table.concat(imageStatuses, ' ')
  page[#page + 1] = named(found)
end

while #page < count and looked < ${LOOKED_AT} and not isWhole do
  local entries
  entries, isWhole = nextEntries()
  for _, entry in ipairs(entries) do
    if #page == count or looked == ${LOOKED_AT} then
      isWhole = false
      break
    end
    last = entry
    looked = looked + 1
    if standsInEach(entry.id) then look(entry) end
    if entry.isEnd then
      isWhole = false
      break
    end
  end
  if last then score, after = int(last.score), last.id end
end
return { isWhole and '1' or '0', last and score or '', last and after or '', page }
`);

const summarySchema = namedReply(
  z.object({
    id: z.string(),
    revision: number,
    status: z.enum(generationStatuses),
    tenant: z.string(),
    provider: z.string().default(earlierOrigin.provider),
    model: z.string().default(earlierOrigin.model),
    createdAt: number,
    finishedAt: number.optional(),
    cost: number.default(0),
    codes: words,
    imageStatuses: words.pipe(z.array(z.enum(imageStatuses))),
    deadlineAt: number.optional(),
    runAt: number.optional(),
    clientReference: z.string().optional(),
    retryOf: z.string().optional(),
    amended: z.string().optional(),
    priority: z.enum(priorities).optional().catch(undefined),
    tags: storedTags,
    metadata: storedMetadata,
  }),
);
const replySchema = z.tuple([flag, z.string(), z.string(), z.array(z.unknown())]);

/** Place in a list: behind this score and id. */
export interface ListPlace {
  score: number;
  generationId: string;
}

/** Filters of a list, all of which must hold. Times are milliseconds since 1970, by Redis time. */
export interface ListFilter {
  /** Absent: all tenants. */
  tenant?: string;
  /** Absent: all of them. */
  statuses?: readonly GenerationStatus[];
  /** Code of an image that did not succeed. */
  code?: string;
  /** One of its tags. */
  tag?: string;
  /** Pairs that its metadata holds, beside others. */
  metadata?: Readonly<Record<string, string>>;
  createdFrom?: number;
  createdBefore?: number;
  finishedFrom?: number;
  finishedBefore?: number;
}

/** A page, the newest first by creation; with a filter by the time of the end, by that time. */
export interface ListPage {
  generations: GenerationSummary[];
  /** Absent after the last page. A page may hold fewer than were asked for, and even none, and have a next one. */
  next?: ListPlace;
}

/**
 * Lists a page of generations.
 * @param count Most generations of the page.
 * @param after End of the page before.
 */
export const listGenerations = (redis: Redis, prefix: string, { tag, ...filter }: ListFilter, count: number, after?: ListPlace) =>
  listByDigest(redis, prefix, { ...filter, tagDigest: tag && digestOfTag(tag) }, count, after);

/** Lists a page of generations, by the digest of a tag. */
export async function listByDigest(
  redis: Redis,
  prefix: string,
  {
    tenant,
    statuses = generationStatuses,
    tagDigest: tag,
    metadata,
    ...filter
  }: Omit<ListFilter, 'tag'> & { tagDigest: string | undefined },
  count: number,
  after?: ListPlace,
): Promise<ListPage> {
  const labels = { tag, metadata: metadata && JSON.stringify(metadata) };
  const args = { ...filter, ...labels, tenant, statuses: statuses.join(' '), score: after?.score, after: after?.generationId, count };
  const [isWhole, score, generationId, rows] = replySchema.parse(
    await pageScript.run(redis, openKey(prefix), [
      prefix,
      ...given.list({
        code: undefined,
        createdFrom: undefined,
        createdBefore: undefined,
        finishedFrom: undefined,
        finishedBefore: undefined,
        ...args,
      }),
    ]),
  );
  // A corrupt entry is passed by here, and named by the reconciler.
  const sound = rows.flatMap((row) => summarySchema.safeParse(row).data ?? []);
  const generations = sound.map(({ id, cost, imageStatuses: images, amended, ...row }): GenerationSummary => ({
    generationId: id,
    ...defined(row),
    images,
    costUsd: formatUsd(cost),
    amended: amended === '1',
  }));
  return { generations, ...defined({ next: isWhole || generationId === '' ? undefined : { score: Number(score), generationId } }) };
}
