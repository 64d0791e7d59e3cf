import { encodeTenant } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { endpointHealthKey, failedNotificationsKey } from '../keys.ts';
import { findEndpointInForce } from './webhook-endpoints.ts';

/** A receiver that gets nothing, or not everything. Its address is its owner's, and stays there. */
export interface FailingEndpoint {
  id: string;
  tenant: string;
  /** Reason for which nothing is sent to it; absent while it is tried. */
  disabledFor?: string | undefined;
  /** First failure since the last success, in Redis time; absent if it answers. */
  failingSince?: number | undefined;
  /** Attempts that failed since then. */
  failures: number;
  /** Notifications that were given up since the asked time. */
  givenUp: number;
}

/** The endpoints that one look found failing. */
export interface FailingNotifications {
  /** Endpoints of all tenants. */
  total: number;
  /** Absent if there are too many to look at. */
  endpoints?: FailingEndpoint[];
}

const healthSchema = z.coerce.number().int().min(0).catch(0);

/**
 * Finds endpoints that fail, or to which nothing is sent although their owner did not say so.
 * @param most Endpoints to look at; of more none is, and a call costs the same.
 * @param since Begin of the stretch in which notifications were given up, in milliseconds since 1970.
 */
export async function findFailingEndpoints(redis: Redis, prefix: string, most: number, since: number): Promise<FailingNotifications> {
  const total = await redis.scard(`${prefix}:webhook-endpoints`);
  if (total > most) return { total };
  const ids = await redis.smembers(`${prefix}:webhook-endpoints`);
  const found = await Promise.all(
    ids.map(async (id): Promise<FailingEndpoint | undefined> => {
      const [endpoint, [failingSince, failures], givenUp] = await Promise.all([
        findEndpointInForce(redis, prefix, id).catch(() => undefined),
        redis.hmget(endpointHealthKey(prefix, id), 'failingSince', 'failures'),
        redis.zcount(failedNotificationsKey(prefix, id), since, '+inf'),
      ]);
      if (endpoint === undefined || endpoint.status === 'deleted') return undefined;
      const { tenant, disabledFor } = endpoint;
      const isOff = disabledFor !== undefined && disabledFor !== 'caller';
      if (!isOff && failingSince === null && givenUp === 0) return undefined;
      return {
        id,
        tenant,
        disabledFor: isOff ? disabledFor : undefined,
        failingSince: failingSince === null ? undefined : healthSchema.parse(failingSince),
        failures: healthSchema.parse(failures ?? 0),
        givenUp,
      };
    }),
  );
  return { total, endpoints: found.filter((endpoint) => endpoint !== undefined).toSorted((a, b) => b.givenUp - a.givenUp) };
}

/** Counts the notifications given up of receivers that requests of these tenants named; they have no endpoint. */
export async function countGivenUp(redis: Redis, prefix: string, tenants: readonly string[], since: number): Promise<Map<string, number>> {
  const counts = await Promise.all(
    tenants.map((tenant) => redis.zcount(failedNotificationsKey(prefix, encodeTenant(tenant)), since, '+inf')),
  );
  return new Map(tenants.map((tenant, at) => [tenant, counts[at] ?? 0]));
}
