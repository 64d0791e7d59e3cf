import type { Redis } from 'ioredis';
import { differingKey } from '../keys.ts';

/** Keeps for a while, in words, which settings of a process differ from the store's. */
export const reportDiffering = async (redis: Redis, prefix: string, words: string, forSeconds: number): Promise<void> =>
  void (await redis.set(differingKey(prefix), words, 'EX', forSeconds));

/** Returns these words; undefined when no process reported any lately. */
export const findDiffering = async (redis: Redis, prefix: string): Promise<string | undefined> =>
  (await redis.get(differingKey(prefix))) ?? undefined;
