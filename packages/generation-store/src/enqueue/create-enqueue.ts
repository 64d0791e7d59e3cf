import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { NotSentError, redisTroubleOf } from '../connection/redis-trouble.ts';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { generationKey } from '../keys.ts';
import { events } from '../lua/events.ts';
import { fairLine } from '../lua/fair-line.ts';
import { lists } from '../lua/lists.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { minutes } from '../lua/minutes.ts';
import { money } from '../lua/money.ts';
import { openImageBounds, openImages } from '../lua/open-images.ts';
import { prelude } from '../lua/prelude.ts';
import { workerLife } from '../lua/worker-life.ts';
import { admitGeneration } from './admit-generation.ts';
import { outlineOf, receiptOf, enqueueReply, type EnqueueReceipt, type NewGeneration } from './enqueue.ts';
import { REQUEST_GONE, sha256 } from './kept-request.ts';
import { argumentsAfter, generationArguments, newGeneration } from './new-generation.ts';
import type { Retention } from './retention.ts';

/**
 * Writes generations of one tenant with their first submissions and their holds; a second call changes nothing. Redis time decides if an id is
 * young enough and if the times lie ahead, and only for a new generation: a repetition is answered at any age. Replies an answer for each, in
 * their order; a text is the error of this one. Without an entry such a generation holds nothing; with an entry it may lack parts, such as a
 * submission whose key is of another type, holds its money, and is open until an operator repairs that key. An error of the whole call names no
 * key of a generation: Redis has refused a write.
 *
 * No id and no idempotency key may stand twice in one call: each is looked up before the first is written.
 */
const enqueueScript =
  createLuaScript(/* lua */ `${prelude}${workerLife}${lists}${openImages}${openImageBounds}${events}${money}${minutes}${fairLine}${newGeneration}${admitGeneration}
-- answers a repeated call, by the digest of the first request
local function compared(digest, same, first, now)
  local known = redis.call('HMGET', prefix .. ':generation:' .. first, 'runAt', 'erasedAt', 'keepsImages')
  if digest == '${REQUEST_GONE}' then
    -- the entry may have left Redis before its erasure has
    local erasure = known[2] and { known[2], known[3] } or redis.pcall('HMGET', prefix .. ':erasure:' .. first, 'erasedAt', 'keepsImages')
    if erasure[1] and not erasure[2] then return { kind = 'gone', id = first, erasedAt = erasure[1] } end
  end
  local kind = digest == '${REQUEST_GONE}' and 'request-gone' or digest == requestDigest and same or 'conflict'
  return { kind = kind, id = first, runAt = known[1] or nil, noWorkerSince = noWorkerSince(now) }
end

-- replies why it is not made, or what refusalOf replies for one that is
local function consider(key, now)
  local present = redis.call('HMGET', key, 'requestDigest', 'tenant')
  -- an entry of another tenant: the answer is that of an unknown id for as long as there is one
  local isForeign = present[1] and present[2] ~= tenant
  if present[1] and not isForeign then return compared(present[1], 'exists', id, now) end
  if idempotencyDigest ~= '' then
    local taken = redis.call('HMGET', idempotencyKey, 'generationId', 'requestDigest')
    if taken[2] == '' then return { kind = whyUnknown(taken[1]) or 'damaged', unreadable = taken[1] } end
    if taken[1] then return compared(taken[2], 'replayed', taken[1], now) end
    -- the key may belong to a generation that was bought and that Redis has forgotten
    if recovering() then return { kind = 'recovering' } end
    if isReading() then return { kind = 'reading' } end
  end
  -- it may have been bought, and is not read yet
  local unknown = whyUnknown(id)
  if unknown then return { kind = unknown, unreadable = id } end
  local outOfTime = timeTrouble(now)
  if outOfTime then return { kind = outOfTime, now = now } end
  if isForeign then return { kind = 'not-free', id = id } end
  return refusalOf(now)
end

local all, answers = eachGiven(), {}
if not isOpen() then
  for at = 1, #all do answers[at] = named({ kind = 'not-initialised' }) end
  return answers
end
local now = nowMs()
local admitted, places = {}, {}
for at, values in ipairs(all) do
  takeGeneration(values)
  local key = prefix .. ':generation:' .. id
  local isRead, answer, isLater, isDue = pcall(consider, key, now)
  if isRead and not answer then
    admitted[#admitted + 1] = { id = id, key = key, values = values, most = amount * images, isLater = isLater, isDue = isDue }
    places[#places + 1] = at
  else
    answers[at] = isRead and countAnswer(named(answer)) or wordsOf(answer)
  end
end
if #admitted > 0 then
  local isDone, written = pcall(writeAdmitted, admitted, now)
  -- a refusal of the server ends the script: the connection hears of it, and leaves a node that has become read-only
  if not isDone and not string.find(wordsOf(written), '^CORRUPT ') then error(written, 0) end
  for at, place in ipairs(places) do
    local answer = isDone and written[at] or wordsOf(written)
    answers[place] = type(answer) == 'table' and named(answer) or answer
  end
end
return answers
`);

/** Most images of the generations that one call of the script makes: it then takes about a millisecond. A generation may have more by itself. */
const MOST_IMAGES_AT_ONCE = 10;
/** Most characters of them: Redis copies each. */
const MOST_CHARACTERS_AT_ONCE = 64 * 1024;
/**
 * Images under way at once: they keep Redis busy, also a far one whose calls hold one each. Later ones wait here and not on the connection, where
 * the time of a command runs.
 */
const MOST_UNDER_WAY = 100;
/** A long request counts as more images. */
const CHARACTERS_AN_IMAGE = MOST_CHARACTERS_AT_ONCE / MOST_IMAGES_AT_ONCE;
/** Longest wait of a call for those before it, up to the answer that ends it. */
const LONGEST_WAIT_MS = 5000;

/** A call that waits for the others of its turn of the event loop, and for calls of the script that are under way. */
interface Waiting {
  generation: NewGeneration;
  given: readonly (string | number)[];
  /** Length of `given` as text. */
  characters: number;
  /** Names that may stand once in a call of the script: its id and its idempotency key. */
  names: readonly string[];
  /** The time of the call, by `now`. */
  since: number;
  resolve(receipt: EnqueueReceipt): void;
  reject(error: unknown): void;
}

/**
 * Returns a function that writes a generation, its submissions and their holds in one call of a script; a second call changes nothing. Calls of
 * one turn of the event loop share calls of the script, up to ten images in each.
 * @param now Milliseconds of a steady clock.
 * @throws NotSentError for a call that waits for others while the connection closes or one of them times out, or for five seconds;
 * StoreNotInitialisedError, SpendCapError, QueueFullError, RequestConflictError; GenerationError "generation.erased"; GenerationIdError for an id that is unknown to Redis and too
 * old or too far ahead; InvalidRequestError for a deadline in the past or a time to run out of bounds, by Redis time; QueueUnavailableError if
 * Redis restarted or was lost and may have forgotten the generation or its idempotency key; CorruptRecordError for a key of another type: the
 * generation may be there then, without its parts under that key
 */
export function createEnqueue(
  redis: Redis,
  prefix: string,
  retention: Retention,
  now = () => performance.now(),
): (generation: NewGeneration) => Promise<EnqueueReceipt> {
  const waiting: Waiting[] = [];
  let underWay = 0;
  let isAwaited = false;
  const refuse = (count: number, words: string): void => {
    for (const { reject } of waiting.splice(0, count)) reject(new NotSentError(words));
  };
  // Redis may have run those on the wire; these it has not seen.
  const refuseAll = (): void => refuse(waiting.length, "the connection closed before the call was sent: it isn't writeable");
  const sendSome = (): void => {
    isAwaited = false;
    const isLate = ({ since }: Waiting): boolean => now() - since > LONGEST_WAIT_MS;
    while (waiting[0] !== undefined && isLate(waiting[0])) refuse(1, `calls before it were not answered within ${LONGEST_WAIT_MS} ms`);
    while (underWay < MOST_UNDER_WAY && waiting.length > 0) {
      const batch = waiting.splice(0, countTogether(waiting));
      const size = sizeOf(batch);
      underWay += size;
      void enqueueBatch(redis, prefix, batch).then((error) => {
        underWay -= size;
        // Redis is silent: those behind would wait for the same in vain, one second after the other.
        if (redisTroubleOf(error).reason === 'timeout') refuse(waiting.length, 'a call before it timed out');
        sendSoon();
      });
    }
    redis.off('close', refuseAll);
    if (waiting.length > 0) redis.once('close', refuseAll);
  };
  const sendSoon = (): void => {
    if (isAwaited || waiting.length === 0) return;
    isAwaited = true;
    process.nextTick(sendSome);
  };
  return async (generation) => {
    const { generationId, tenant, idempotencyKey } = generation;
    const idempotencyKeyHash = idempotencyKey === undefined ? undefined : sha256(idempotencyKey);
    const given = generationArguments(prefix, retention, {
      ...generation,
      outline: outlineOf(generation),
      ...defined({ idempotencyKeyHash }),
    });
    return new Promise((resolve, reject) => {
      const names = idempotencyKeyHash === undefined ? [generationId] : [generationId, `${tenant} ${idempotencyKeyHash}`];
      waiting.push({ generation, given, characters: charactersOf(given), names, since: now(), resolve, reject });
      sendSoon();
    });
  };
}

/** Returns the number of calls, from the first on, that one call of the script may make together. */
function countTogether(all: readonly Waiting[]): number {
  const names = new Set<string>();
  let [images, characters] = [0, 0];
  for (const [at, each] of all.entries()) {
    const { tenant, request } = each.generation;
    images += request.numberResults;
    characters += each.characters;
    const isMore = images > MOST_IMAGES_AT_ONCE || characters > MOST_CHARACTERS_AT_ONCE || tenant !== all[0]?.generation.tenant;
    if (at > 0 && (isMore || each.names.some((name) => names.has(name)))) return at;
    for (const name of each.names) names.add(name);
  }
  return all.length;
}

const charactersOf = (given: readonly (string | number)[]): number => given.reduce<number>((sum, value) => sum + String(value).length, 0);

/** Returns the images of a batch, or as many as its characters count for. */
const sizeOf = (batch: readonly Waiting[]): number => {
  const sum = (numberOf: (each: Waiting) => number): number => batch.reduce((all, each) => all + numberOf(each), 0);
  return Math.max(
    sum(({ generation }) => generation.request.numberResults),
    Math.ceil(sum(({ characters }) => characters) / CHARACTERS_AN_IMAGE),
  );
};

/** The reply of the script: the answer to each generation, or the words of an error. */
const enqueueReplies = z.array(z.unknown());

/** Sends a batch, and answers each of its calls. Never throws. @returns the error of the whole call, if it has one. */
async function enqueueBatch(redis: Redis, prefix: string, batch: readonly Waiting[]): Promise<unknown> {
  const [first] = batch;
  if (first === undefined) return undefined;
  const given = batch.flatMap((each, at) => (at === 0 ? each.given : argumentsAfter(batch[at - 1]?.given ?? [], each.given)));
  let answers: unknown[];
  try {
    answers = enqueueReplies.parse(await enqueueScript.run(redis, generationKey(prefix, first.generation.generationId), given));
  } catch (error) {
    for (const { reject } of batch) reject(error);
    return error;
  }
  for (const [at, { generation, resolve, reject }] of batch.entries()) {
    try {
      const answer = answers[at];
      if (typeof answer === 'string') throw errorOf(redis, generationKey(prefix, generation.generationId), answer);
      resolve(receiptOf(enqueueReply.parse(answer), generation));
    } catch (error) {
      reject(error);
    }
  }
  return undefined;
}

/** Returns the error of one generation of a batch. Emits `denied` on the connection if its user lacks a right, as an error that ends a script does. */
function errorOf(redis: Redis, key: string, words: string): Error {
  const error = new Error(words);
  if (redisTroubleOf(error).reason === 'no-permission') redis.emit('denied', error);
  return corruptRecordOf(error, key) ?? error;
}
