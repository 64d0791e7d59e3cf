import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';

/** Connects as a Redis user with just these rights. The end of the test deletes the user. */
export async function connectAs(admin: Redis, user: string, rules: readonly string[]): Promise<Redis> {
  await admin.call('ACL', 'SETUSER', user, 'reset', 'on', '>secret', ...rules);
  const redis = new Redis(inject('redisUrl').replace('redis://', `redis://${user}:secret@`));
  onTestFinished(async () => {
    redis.disconnect();
    const other = new Redis(inject('redisUrl'));
    await other.call('ACL', 'DELUSER', user);
    other.disconnect();
  });
  return redis;
}
