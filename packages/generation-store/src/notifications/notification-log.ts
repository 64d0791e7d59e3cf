import {
  encodeTenant,
  isEndpointId,
  notificationStatuses,
  parseNotificationId,
  TEST_NOTIFICATION,
  type NotificationStatus,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseEntry, readHash, whole } from '../corrupt-entry.ts';
import { failedNotificationsKey, notificationKey, notificationListKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Log of notifications. The hash `notification:<id>` holds the time of the event, the state, and the last 30 attempts, one a line: time,
 * status of the answer or 0, milliseconds, fault code or "-". Never the answer: the sender would become a reader of internal pages. It ends
 * three days after a delivery, and a week after a failure. The sorted set `notifications-failed:<of>` names those of an endpoint, or of the
 * requests of a tenant, that have failed for good, and `notification-list:<tenant>` the last 10,000 of a tenant by their first attempt.
 */

const ATTEMPTS_SHOWN = 30;
const DELIVERED_SECONDS = 3 * 86_400;
const FAILED_SECONDS = 7 * 86_400;
const MOST_FAILED = 100_000;
const MOST_LISTED = 10_000;
/** Longer than the log of the last attempt: about three days of attempts before a week. */
const LISTED_SECONDS = 11 * 86_400;

const recordScript = createNamedScript([
  'id',
  'tenant',
  'of',
  'member',
  'isTest',
  'endpointId',
  'eventAt',
  'state',
  'status',
  'ms',
  'fault',
  'health',
  'restMs',
])(/* lua */ `${prelude}
local now = nowMs()
local log = redis.call('HGET', KEYS[1], 'log') or ''
if status ~= '' then
  log = log .. (log == '' and '' or '\\n') .. int(now) .. ' ' .. status .. ' ' .. ms .. ' ' .. fault
  local _, lines = string.gsub(log, '\\n', '')
  for _ = ${ATTEMPTS_SHOWN}, lines do log = string.gsub(log, '^[^\\n]*\\n', '', 1) end
  redis.call('HINCRBY', KEYS[1], 'attempts', 1)
end
redis.call('HSET', KEYS[1], 'tenant', tenant, 'at', eventAt, 'state', state, 'log', log)
redis.call('EXPIRE', KEYS[1], state == 'delivered' and ${DELIVERED_SECONDS} or ${FAILED_SECONDS})
local failed = prefix .. ':notifications-failed:' .. of
if state == 'failed' and isTest ~= '1' then
  redis.call('ZADD', failed, now, id)
  redis.call('ZREMRANGEBYSCORE', failed, '-inf', now - ${FAILED_SECONDS}000)
  redis.call('ZREMRANGEBYRANK', failed, 0, ${-MOST_FAILED - 1})
  redis.call('EXPIRE', failed, ${FAILED_SECONDS})
else
  redis.call('ZREM', failed, id)
end
local list = prefix .. ':notification-list:' .. member
redis.call('ZADD', list, 'NX', now, id)
redis.call('ZREMRANGEBYSCORE', list, '-inf', now - ${LISTED_SECONDS}000)
redis.call('ZREMRANGEBYRANK', list, 0, ${-MOST_LISTED - 1})
redis.call('EXPIRE', list, ${LISTED_SECONDS})
local healthKey = prefix .. ':endpoint-health:' .. endpointId
if health == 'good' then
  redis.call('DEL', healthKey)
elseif health == 'bad' then
  redis.call('HSETNX', healthKey, 'failingSince', int(now))
  redis.call('HINCRBY', healthKey, 'failures', 1)
  redis.call('EXPIRE', healthKey, 30 * 86400)
end
if restMs ~= '' then redis.call('HSET', healthKey, 'restUntil', int(now + tonumber(restMs))) end
local since = redis.call('HMGET', healthKey, 'failingSince', 'failures')
return named({ now = now, failingSince = since[1] or nil, failures = since[2] or nil })
`);

const replySchema = namedReply(z.object({ now: number, failingSince: number.optional(), failures: number.default(0) }));

/** One attempt, or the end of a notification without one. */
export interface NotificationNote {
  id: string;
  tenant: string;
  /** Time of the event, in milliseconds since 1970. */
  eventAt: number;
  state: NotificationStatus;
  /** Absent if nothing was sent. */
  attempt?: { /** Of the answer; 0 without one. */ status: number; ms: number; /** "-" for none. */ fault: string };
  /** True if the attempt tells that the endpoint lives, false if it tells that it does not. */
  isGood?: boolean;
  /** Rest that the endpoint asked for. */
  restMs?: number;
}

/** Health of an endpoint after an attempt. */
export interface EndpointHealth {
  /** Redis time. */
  now: number;
  /** Time of the first failure since the last success. */
  failingSince?: number | undefined;
  failures: number;
}

/** Returns the part of the key that joins notifications: their endpoint, or the requests of a tenant. */
const groupOf = (endpointId: string, tenant: string): string => (isEndpointId(endpointId) ? endpointId : encodeTenant(tenant));

/** Records an attempt, and what it says of the endpoint. */
export async function noteNotification(redis: Redis, prefix: string, note: NotificationNote): Promise<EndpointHealth> {
  const { id, tenant, eventAt, state, attempt, isGood, restMs } = note;
  const { endpointId = '', type } = parseNotificationId(id) ?? {};
  const reply = await recordScript.run(redis, notificationKey(prefix, id), prefix, {
    id,
    tenant,
    of: groupOf(endpointId, tenant),
    member: encodeTenant(tenant),
    isTest: type === TEST_NOTIFICATION ? 1 : undefined,
    endpointId,
    eventAt,
    state,
    status: attempt?.status,
    ms: attempt?.ms,
    fault: attempt?.fault,
    // receivers of requests are many, and none of them has a state
    health: isGood === undefined || !isEndpointId(endpointId) ? '' : isGood ? 'good' : 'bad',
    restMs: isEndpointId(endpointId) ? restMs : undefined,
  });
  return replySchema.parse(reply);
}

/** A notification as its log tells it. */
export interface LoggedNotification {
  id: string;
  tenant: string;
  state: NotificationStatus;
  /** Time of the event, in milliseconds since 1970. */
  eventAt: number;
  /** Number of all attempts. */
  attempts: number;
  /** The last 30, the oldest first. */
  log: { at: number; status: number; ms: number; fault?: string }[];
}

const storedSchema = z.object({
  tenant: z.string(),
  at: whole,
  state: z.enum(notificationStatuses),
  attempts: whole.default(0),
  log: z.string().default(''),
});

/** Reads the log of a notification; undefined if there is none, or it has ended. */
export async function findNotification(redis: Redis, prefix: string, id: string): Promise<LoggedNotification | undefined> {
  const key = notificationKey(prefix, id);
  const fields = await readHash(redis, key);
  if (Object.keys(fields).length === 0) return undefined;
  const { tenant, at, state, attempts, log } = parseEntry(key, storedSchema, fields);
  const lines = log === '' ? [] : log.split('\n');
  return {
    id,
    tenant,
    state,
    eventAt: at,
    attempts,
    log: lines.map((line) => {
      const [time, status, ms, fault = '-'] = line.split(' ');
      return { at: Number(time), status: Number(status), ms: Number(ms), ...(fault === '-' ? {} : { fault }) };
    }),
  };
}

/**
 * Names notifications of a tenant, those with the latest first attempt first.
 * @param after The last one of the page before. Once it has left the list, so has all that is older.
 */
export async function listNotificationIds(
  redis: Redis,
  prefix: string,
  { tenant, after, most }: { tenant: string; after?: string | undefined; most: number },
): Promise<string[]> {
  const key = notificationListKey(prefix, encodeTenant(tenant));
  const rank = after === undefined ? -1 : await redis.zrevrank(key, after);
  return rank === null ? [] : redis.zrevrange(key, rank + 1, rank + most);
}

/** A notification that failed for good. */
export interface FailedNotification {
  id: string;
  /** Time of its last attempt, in milliseconds since 1970. */
  failedAt: number;
}

/** Reads failed notifications of an endpoint, the oldest first. @param since Milliseconds since 1970. */
export async function listFailed(
  redis: Redis,
  prefix: string,
  { endpointId, tenant, since, until, most }: { endpointId: string; tenant: string; since: number; until: number; most: number },
): Promise<FailedNotification[]> {
  const key = failedNotificationsKey(prefix, groupOf(endpointId, tenant));
  const flat = await redis.zrangebyscore(key, since, until, 'WITHSCORES', 'LIMIT', 0, most);
  return Array.from({ length: flat.length / 2 }, (_, at) => ({ id: flat[2 * at] ?? '', failedAt: Number(flat[2 * at + 1]) }));
}

/** Counts failed notifications of an endpoint. */
export const countFailed = (
  redis: Redis,
  prefix: string,
  { endpointId, tenant, since }: { endpointId: string; tenant: string; since: number },
): Promise<number> => redis.zcount(failedNotificationsKey(prefix, groupOf(endpointId, tenant)), since, '+inf');
