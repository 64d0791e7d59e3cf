import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';
import type { PollTurn, PollWish } from './steps.ts';

/** Longest booked wait. A run with a longer wait books nothing, and asks again after this time. */
export const MAX_LINE_MS = 600_000;
/** Time for which a booked turn is kept for a late run: after an outage of the workers all turns would fall due at once. */
const KEPT_MS = 30_000;
/** A run that is at most this early gets its turn, so that it waits once. */
const EARLY_MS = 50;

/**
 * The line of all questions of the fleet to the provider: a token bucket stored as one number, the time at which it is full again (GCRA).
 * Each wish moves that time, granted or booked. So each run that must wait gets its own time, waits once, and no two have the same one. The
 * submission keeps the booked turn, "<time> <questions>" under `turn:<leg>`.
 *
 * The line also stores when it was written. After a clock went back, the part of it that lies ahead of that time is removed, and no turn
 * stands behind its end. It has its own key: workers of earlier versions keep theirs under `poll-bucket`, so that during a deployment
 * each half of the fleet has the whole rate.
 */
const takePollTurnScript = createSubmissionScript(['leg', 'questions', 'toBook', 'intervalMs', 'burst', 'isEarly'])(/* lua */ `${prelude}
local field = 'turn:' .. leg
questions, toBook, intervalMs, burst = tonumber(questions), tonumber(toBook), tonumber(intervalMs), tonumber(burst)
local lineKey, now = prefix .. ':poll-line', nowMs()

-- an unreadable time, or one further away than the line can be, would hold back every settlement of the fleet
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
-- a further question of the same run is not a poll of its own, and one caused by a delivery does not slow the schedule
local function grant(places)
  if isKnown and questions == toBook and isEarly ~= '1' then redis.call('HINCRBY', key, 'polls', 1) end
  return named({ kind = 'granted', questions = tonumber(places) })
end
local function wait(ms) return named({ kind = 'wait', delayMs = ms }) end

local booked = isKnown and redis.call('HGET', key, field)
if booked then
  local at, places = string.match(booked, '^(%d+) (%d)$')
  at = at and #at <= 15 and tonumber(at)
  if at and at > now + ${EARLY_MS} and at <= fullAt and tonumber(places) >= questions then return wait(at - now) end
  redis.call('HDEL', key, field)
  if at and at <= now + ${EARLY_MS} and at >= now - ${KEPT_MS} and tonumber(places) >= questions then return grant(places) end
end
if turnOf(questions) <= now then
  advance(questions)
  return grant(questions)
end
local at = math.ceil(turnOf(toBook))
if at - now > ${MAX_LINE_MS} then return wait(${MAX_LINE_MS}) end
advance(toBook)
if isKnown then redis.call('HSET', key, field, int(at) .. ' ' .. int(toBook)) end
return wait(at - now)
`);

export interface PollRate {
  /** Questions to the provider per second, over the whole fleet. */
  perSecond: number;
  /** Most of them at once. */
  burst: number;
}

const turnSchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('granted'), questions: number }),
    z.object({ kind: z.literal('wait'), delayMs: number }),
  ]),
);

/** Takes a place in the fleet's line of questions: now, or a booked one that a later equal wish takes. */
export async function takePollTurn(
  redis: Redis,
  prefix: string,
  { perSecond, burst }: PollRate,
  ref: SubmissionRef,
  { leg, questions, booked = questions, isEarly = false }: PollWish,
): Promise<PollTurn> {
  const given = { leg, questions, toBook: booked, intervalMs: 1000 / perSecond, burst, isEarly: isEarly ? 1 : 0 };
  return turnSchema.parse(await takePollTurnScript.run(redis, prefix, ref, given));
}
