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

export const endResend = async (redis: Redis, prefix: string, entry: string): Promise<void> =>
  void (await redis.lrem(resendsKey(prefix), 1, entry));
