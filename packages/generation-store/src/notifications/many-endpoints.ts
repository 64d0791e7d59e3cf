import type { Redis } from 'ioredis';
import { whole } from '../corrupt-entry.ts';
import { webhookEndpointKey } from '../keys.ts';
import { UNREADABLE } from '../settings/unrecorded-changes.ts';
import { storedValue } from './webhook-endpoints.ts';

/** Endpoints that are read in one trip. */
const AT_ONCE = 500;

/** An endpoint that S3 has, as Redis knows it: not at all, unreadable or unrecorded, or with a revision that S3 has. */
export type KnownEndpoint = 'absent' | 'unsure' | { revision: number; isDeleted: boolean };

/** Reads what Redis knows of many endpoints, some hundred in each trip. */
export async function readKnownEndpoints(redis: Redis, prefix: string, ids: readonly string[]): Promise<Map<string, KnownEndpoint>> {
  const known = new Map<string, KnownEndpoint>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    const pipeline = redis.pipeline();
    for (const id of some) pipeline.hmget(webhookEndpointKey(prefix, id), 'revision', 'isRecorded', 'value', 'inForce');
    const replies = (await pipeline.exec()) ?? [];
    for (const [at, id] of some.entries()) known.set(id, knownOf(replies[at]));
  }
  return known;
}

function knownOf([error, fields]: [Error | null, unknown] = [new Error('no reply'), undefined]): KnownEndpoint {
  // A key of another type is replaced; any other trouble ends the comparison.
  if (error !== null && !error.message.startsWith('WRONGTYPE')) throw error;
  const [revision, isRecorded, value, inForce] = Array.isArray(fields) ? (fields as (string | null)[]) : ['', '', '', ''];
  if (revision === null && value === null) return 'absent';
  const parsed = storedValue.safeParse(value);
  const isSound = parsed.success && storedValue.safeParse(inForce).success && whole.safeParse(revision).success;
  if (!isSound || isRecorded !== '1') return 'unsure';
  return { revision: Number(revision), isDeleted: parsed.data.status === 'deleted' };
}

/** Counts of endpoints: those switched off, by reason, and those that cannot be read. */
export interface EndpointCounts {
  disabled: Record<string, number>;
  /** Unreadable changes that wait for an operator too. */
  unreadable: number;
}

/** Counts the endpoints that get nothing, some hundred in each trip. */
export async function countEndpoints(redis: Redis, prefix: string): Promise<EndpointCounts> {
  const disabled: Record<string, number> = {};
  const all = `${prefix}:webhook-endpoints`;
  let unreadable = await redis.llen(`${all}${UNREADABLE}`);
  let cursor = '0';
  do {
    const [next, ids] = await redis.sscan(all, cursor, 'COUNT', AT_ONCE);
    cursor = next;
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hget(webhookEndpointKey(prefix, id), 'inForce');
    for (const [error, text] of (await pipeline.exec()) ?? []) {
      if (error === null && text === null) continue;
      const { data: endpoint } = storedValue.safeParse(text);
      if (endpoint === undefined) unreadable += 1;
      else if (endpoint.status === 'disabled')
        disabled[endpoint.disabledFor ?? 'caller'] = (disabled[endpoint.disabledFor ?? 'caller'] ?? 0) + 1;
    }
  } while (cursor !== '0');
  return { disabled, unreadable };
}
