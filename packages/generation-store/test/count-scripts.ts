import type { Redis } from 'ioredis';

/** Counts the calls of scripts on a connection while an action runs; a script that the server does not hold is called twice, once in full. */
export async function countScripts(redis: Redis, act: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const evalsha = redis.evalsha.bind(redis);
  redis.evalsha = ((...given: Parameters<typeof evalsha>) => {
    calls += 1;
    return evalsha(...given);
  }) as typeof redis.evalsha; // its overloads differ in optional parameters alone
  try {
    await act();
  } finally {
    redis.evalsha = evalsha;
  }
  return calls;
}
