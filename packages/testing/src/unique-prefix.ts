import { randomBytes } from 'node:crypto';

/** Returns a Redis key prefix that no other test has, in a hash tag: Redis Cluster keeps all of its keys in one slot. */
export const uniquePrefix = (): string => `{test-${randomBytes(8).toString('hex')}}`;
