import type { Redis } from 'ioredis';
import { z } from 'zod';
import { pollBucketKey } from './keys.ts';
import { takePollTokenScript } from './scripts/generations.ts';

export interface PollRate {
  /** Looks at the provider per second, over the whole fleet. */
  perSecond: number;
  /** How many of them may come at once. */
  burst: number;
}

/** Takes a token from the fleet's poll bucket. @returns 0, or how long to wait in milliseconds. */
export async function takePollToken(redis: Redis, prefix: string, { perSecond, burst }: PollRate): Promise<number> {
  return z.coerce.number().parse(await takePollTokenScript.run(redis, pollBucketKey(prefix), [prefix, 1000 / perSecond, burst]));
}
