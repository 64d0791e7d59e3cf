import type { Redis } from 'ioredis';
import { z } from 'zod';

const replySchema = z.tuple([z.coerce.number(), z.coerce.number()]);

/** Returns Redis time, in milliseconds since 1970. */
export async function readTime(redis: Redis): Promise<number> {
  const [seconds, microseconds] = replySchema.parse(await redis.time());
  return seconds * 1000 + Math.floor(microseconds / 1000);
}
