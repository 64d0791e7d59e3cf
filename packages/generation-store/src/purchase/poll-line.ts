import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, nameRef } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import type { PollTurn, PollWish } from './steps.ts';

/** The longest wait that is booked. What would wait for longer books nothing, and asks again after this. */
export const MAX_LINE_MS = 600_000;
/** How long a booked turn is kept for a run that comes late: after an outage of the workers all turns would fall due at once. */
const KEPT_MS = 30_000;
/** A run that comes so much too early has its turn: it waits once. */
const EARLY_MS = 50;

const given = nameArguments(['id', 'index', 'n', 'leg', 'questions', 'toBook', 'intervalMs', 'burst', 'isEarly']);

/**
 * The line in which all questions of the fleet to the provider stand: a token bucket as a single number, the time at which it is full
 * again (GCRA), which a wish moves on whether it is granted or booked. So each run that must wait is told a time of its own, waits once,
 * and two never have the same one. The submission keeps the booked turn, "<time> <questions>" under `turn:<leg>`.
 *
 * The line says when it was written too: what lies ahead of that by a clock that went back is taken off it, and no turn stands behind its
 * end. It has a key of its own: under \`poll-bucket\` workers of earlier versions keep theirs, so that during a deployment each half of the
 * fleet has the whole rate.
 *
 * Replies { 'granted', questions } or { 'wait', ms }.
 */
const takePollTurnScript = createLuaScript(/* lua */ `${prelude}
${given.lua}
local key, field = submissionKey(id, index, n), 'turn:' .. leg
questions, toBook, intervalMs, burst = tonumber(questions), tonumber(toBook), tonumber(intervalMs), tonumber(burst)
local lineKey, now = prefix .. ':poll-line', nowMs()

-- what is no time, or further away than the line ever is, would hold back every settlement of the fleet
local function time(value)
  return type(value) == 'string' and #value <= 18 and string.find(value, '^%d+%.?%d*$') and tonumber(value) or nil
end
local line = redis.pcall('HMGET', lineKey, 'fullAt', 'at')
if line.err then
  redis.call('DEL', lineKey)
  line = {}
end
local fullAt, writtenAt = time(line[1]), time(line[2])
if not fullAt or not writtenAt or fullAt > writtenAt + ${MAX_LINE_MS} + intervalMs * (burst + toBook) then
  fullAt, writtenAt = now, now
end
if writtenAt > now then fullAt = fullAt - (writtenAt - now) end
fullAt = math.max(fullAt, now)

local function turnOf(places) return math.max(now, fullAt + intervalMs * (places - burst)) end
local function advance(places)
  fullAt = fullAt + intervalMs * places
  redis.call('HSET', lineKey, 'fullAt', string.format('%.3f', fullAt), 'at', int(now))
  redis.call('PEXPIRE', lineKey, int(math.ceil(fullAt - now) + 1000))
end
local isKnown = redis.call('EXISTS', key) == 1
-- a further question of the same run is no poll of its own, and one that a delivery causes does not slow the schedule
local function grant(places)
  if isKnown and questions == toBook and isEarly ~= '1' then redis.call('HINCRBY', key, 'polls', 1) end
  return { 'granted', int(places) }
end

local booked = isKnown and redis.call('HGET', key, field)
if booked then
  local at, places = string.match(booked, '^(%d+) (%d)$')
  at = at and #at <= 15 and tonumber(at)
  if at and at > now + ${EARLY_MS} and at <= fullAt and tonumber(places) >= questions then return { 'wait', int(at - now) } end
  redis.call('HDEL', key, field)
  if at and at <= now + ${EARLY_MS} and at >= now - ${KEPT_MS} and tonumber(places) >= questions then return grant(places) end
end
if turnOf(questions) <= now then
  advance(questions)
  return grant(questions)
end
local at = math.ceil(turnOf(toBook))
if at - now > ${MAX_LINE_MS} then return { 'wait', '${MAX_LINE_MS}' } end
advance(toBook)
if isKnown then redis.call('HSET', key, field, int(at) .. ' ' .. int(toBook)) end
return { 'wait', int(at - now) }
`);

export interface PollRate {
  /** Questions to the provider per second, over the whole fleet. */
  perSecond: number;
  /** How many of them may come at once. */
  burst: number;
}

const replySchema = z.tuple([z.enum(['granted', 'wait']), z.coerce.number()]);

/** Takes a place in the fleet's line of questions: now, or a booked one, at which the same wish is granted. */
export async function takePollTurn(
  redis: Redis,
  prefix: string,
  { perSecond, burst }: PollRate,
  ref: SubmissionRef,
  { leg, questions, booked = questions, isEarly = false }: PollWish,
): Promise<PollTurn> {
  const [kind, value] = replySchema.parse(
    await takePollTurnScript.run(redis, generationKey(prefix, ref.generationId), [
      prefix,
      ...given.list({ ...nameRef(ref), leg, questions, toBook: booked, intervalMs: 1000 / perSecond, burst, isEarly: isEarly ? 1 : 0 }),
    ]),
  );
  return kind === 'granted' ? { kind, questions: value } : { kind, delayMs: value };
}
