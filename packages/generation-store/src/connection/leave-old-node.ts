import type { Redis } from 'ioredis';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { replaceFamily } from './connection-family.ts';
import { findOtherNode, readNode } from './find-other-node.ts';

/** Shortest time between two replacements: an address that leads to two primaries in turn must not be stormed. */
const REPLACED_AT_MOST_EVERY_MS = 30_000;
/** Shortest time between two looks of a reader that blocks. */
const LOOK_EVERY_MS = 6000;

export interface LeaveOldNodeOptions {
  /** Process with the rights of the connection. */
  process?: RedisProcess | undefined;
  /** Returns true once the connection is no longer used. */
  isOver?: () => boolean;
  /** Called before the connection is replaced. */
  onLeave?: (words: string) => void;
}

/**
 * Returns a function that looks where the address leads, and replaces the connection and its duplicates if that is another primary by now. It
 * rejects if Redis does not answer.
 */
export function createLeaveOldNode(redis: Redis, prefix: string, options: LeaveOldNodeOptions = {}): () => Promise<void> {
  const { process, isOver = () => redis.status === 'end', onLeave } = options;
  let replacedAt = -Infinity;
  return async () => {
    if (performance.now() - replacedAt < REPLACED_AT_MOST_EVERY_MS) return;
    const own = await readNode(redis, prefix, process);
    const other = await findOtherNode(redis, prefix, own, process);
    if (other === undefined || isOver()) return;
    replacedAt = performance.now();
    onLeave?.(`the address leads to another server by now: ${other.run} instead of ${own.run}`);
    replaceFamily(redis);
  };
}

/**
 * Returns such a function for a connection on which a reader blocks, which nothing else can watch. Call it after each read that found nothing; it
 * looks every 6 seconds at most and never rejects. An isolated old primary answers with nothing for good.
 */
export function createIdleLook(redis: Redis, prefix: string): () => Promise<void> {
  const leaveOldNode = createLeaveOldNode(redis, prefix);
  let lookedAt = performance.now();
  return async () => {
    if (performance.now() - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = performance.now();
    await leaveOldNode().catch(() => undefined); // the next read meets the same trouble, and tells it
  };
}
