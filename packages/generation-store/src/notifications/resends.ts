import type { Redis } from 'ioredis';
import { z } from 'zod';
import { json, parseEntry } from '../corrupt-entry.ts';
import { resendsKey } from '../keys.ts';

const resendSchema = z.object({
  tenant: z.string(),
  endpointId: z.string(),
  /** One notification. */
  id: z.string().optional(),
  /** All that failed from here to `until`, in milliseconds since 1970. */
  since: z.number().optional(),
  until: z.number(),
});

/** A wish to send notifications again, which the notifier fulfils. */
export type Resend = z.infer<typeof resendSchema>;

/** Notes a wish. The notifier removes it once all of its jobs are there. */
export const requestResend = async (redis: Redis, prefix: string, resend: Resend): Promise<void> =>
  void (await redis.rpush(resendsKey(prefix), JSON.stringify(resendSchema.parse(resend))));

/** Reads the oldest wish; undefined if there is none. An unreadable one is dropped. */
export async function nextResend(redis: Redis, prefix: string): Promise<{ entry: string; resend: Resend } | undefined> {
  for (;;) {
    const entry = await redis.lindex(resendsKey(prefix), 0);
    if (entry === null) return undefined;
    try {
      return { entry, resend: parseEntry(resendsKey(prefix), json.pipe(resendSchema), entry) };
    } catch {
      await endResend(redis, prefix, entry);
    }
  }
}

/** Wishes behind one that has ended that are looked through for the same. */
const LOOKED_THROUGH = 1000;

/**
 * Ends a wish, and those behind it that ask for a part of what was done: a caller may ask for the same a thousand times.
 * @param doneUntil Time up to which all that failed is sent again; absent for a wish for one notification.
 */
export async function endResend(redis: Redis, prefix: string, entry: string, doneUntil?: number): Promise<void> {
  const key = resendsKey(prefix);
  const done = json.pipe(resendSchema).safeParse(entry).data;
  const others = done === undefined || doneUntil === undefined ? [] : await redis.lrange(key, 1, LOOKED_THROUGH);
  const covered = others.filter((each) => {
    const { data } = json.pipe(resendSchema).safeParse(each);
    if (data === undefined || done === undefined || doneUntil === undefined || data.id !== undefined) return false;
    const isOfSame = data.endpointId === done.endpointId && data.tenant === done.tenant;
    return isOfSame && (data.since ?? 0) >= (done.since ?? 0) && data.until <= doneUntil;
  });
  const pipeline = redis.pipeline();
  for (const each of [entry, ...covered]) pipeline.lrem(key, 1, each);
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}
