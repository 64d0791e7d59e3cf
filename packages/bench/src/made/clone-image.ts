import { randomUUID } from 'node:crypto';
import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import type { ImageNames } from '../contestants/contestant.ts';

// Fills a Redis with made entries: an image that a contestant has really made or submitted is copied under other ids, with its keys, its jobs
// and its places in all indexes. Counts and ledgers stay as they are.

/** Copies a plan for many ids; the ids of a clone stand in place of 1 and 2, and behind 3 stands a time, which is earlier for each clone. */
const CLONE = /* lua */ `
local plan = cjson.decode(ARGV[1])
for at = 3, #ARGV, 2 do
  local first, second, earlier = ARGV[at], ARGV[at + 1], ARGV[2] + (at - 3) / 2
  local function fill(text)
    if string.byte(text) == 3 then return string.format('%.0f', string.sub(text, 2) - earlier) end
    return (string.gsub(string.gsub(text, '\\1', first), '\\2', second))
  end
  for _, key in ipairs(plan.keys) do
    local copy = fill(key.name)
    redis.call('COPY', key.from, copy)
    if #key.fields > 0 then
      local fields = {}
      for place, text in ipairs(key.fields) do fields[place] = fill(text) end
      redis.call('HSET', copy, unpack(fields))
    end
  end
  for _, place in ipairs(plan.places) do
    local words = {}
    for at, text in ipairs(place.words) do words[at] = fill(text) end
    redis.call(place.command, place.key, unpack(words))
  end
end
return 0`;

/** Clones of one call: Redis answers nothing else meanwhile. */
const AT_ONCE = 200;
/** BullMQ's scores of delayed jobs are milliseconds times 4,096; those of clones are a day later, so that no clone wakes in a run. */
const DELAYED_SCORE = 4096;
const DAY_MS = 86_400_000;
const [FIRST, SECOND, TIME] = ['\u0001', '\u0002', '\u0003'];

interface Plan {
  keys: { from: string; name: string; fields: string[] }[];
  places: { command: string; key: string; words: string[] }[];
}

/**
 * Copies one image so many times.
 * @param from Number of clones that it has already.
 * @returns the ids of the clones.
 */
export async function cloneImage(redis: Redis, image: ImageNames, count: number, from = 0): Promise<ImageNames[]> {
  const plan = JSON.stringify(await planClone(redis, image));
  const clones: ImageNames[] = [];
  const now = Date.now();
  while (clones.length < count) {
    const earlier = from + clones.length;
    const named = Array.from({ length: Math.min(AT_ONCE, count - clones.length) }, (_, at) => nameClone(image, now - earlier - at));
    await redis.eval(CLONE, 0, plan, earlier, ...named.flatMap(({ generationId, taskUUID }) => [generationId ?? taskUUID, taskUUID]));
    clones.push(...named);
  }
  return clones;
}

function nameClone({ generationId: ofGeneration }: ImageNames, atMs: number): ImageNames {
  if (ofGeneration === undefined) return { taskUUID: randomUUID() };
  const generationId = createGenerationId(atMs);
  return { generationId, taskUUID: taskUuidOf({ generationId, index: 0, n: 1 }) };
}

/** Finds everything in a Redis that names an image. */
async function planClone(redis: Redis, { generationId, taskUUID }: ImageNames): Promise<Plan> {
  const names = [generationId, taskUUID].filter((name) => name !== undefined);
  const isNamed = (text: string): boolean => names.some((name) => text.includes(name));
  const mark = (text: string): string => {
    if (/^\d{13}$/.test(text)) return TIME + text;
    return (generationId === undefined ? text : text.replaceAll(generationId, FIRST)).replaceAll(taskUUID, SECOND);
  };
  const plan: Plan = { keys: [], places: [] };
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    const pairs = Object.entries(type === 'hash' ? await redis.hgetall(key) : {});
    if (isNamed(key)) {
      const fields = pairs.filter(([field, value]) => mark(field) !== field || mark(value) !== value);
      plan.keys.push({ from: key, name: mark(key), fields: fields.flatMap(([field, value]) => [mark(field), mark(value)]) });
      continue;
    }
    const words = pairs.filter(([field, value]) => isNamed(field) || isNamed(value)).map((pair) => pair.map(mark));
    if (type === 'zset') {
      const scored = await redis.zrange(key, '0', '-1', 'WITHSCORES');
      scored.forEach((member, at) => {
        const score = scored[at + 1] ?? '';
        if (at % 2 === 0 && isNamed(member)) words.push([mark(later(score)), mark(member)]);
      });
    }
    if (type === 'set') for (const member of await redis.smembers(key)) if (isNamed(member)) words.push([mark(member)]);
    const command = { hash: 'HSET', zset: 'ZADD', set: 'SADD' }[type];
    if (command !== undefined) plan.places.push(...words.map((each) => ({ command, key, words: each })));
  }
  return plan;
}

const later = (score: string): string =>
  Number(score) > Date.now() * (DELAYED_SCORE / 2) ? String(Number(score) + DAY_MS * DELAYED_SCORE) : score;
