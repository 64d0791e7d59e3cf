import type { Redis } from 'ioredis';

/** Where the scripts read the time that a test sets. */
const clockKey = (prefix: string): string => `${prefix}:test-clock`;

/**
 * Redis TIME cannot be set. Scripts sent through this connection are ours to the letter, but for the one place where they read
 * the clock: they read it from a key instead. Everything else, arithmetic of the calendar included, runs as it always does.
 */
export function withSettableClock(redis: Redis): Redis {
  const byName: Readonly<Record<string, (...args: never[]) => unknown>> = {
    // so that the source is sent, which can be changed
    evalsha: () => Promise.reject(new Error('NOSCRIPT the clock of this script is to be replaced')),
    eval: (source: string, numberOfKeys: number, ...args: string[]) => redis.eval(replaceClock(source), numberOfKeys, ...args),
  };
  return new Proxy(redis, {
    get(target, name) {
      const replaced = typeof name === 'string' ? byName[name] : undefined;
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The time of the scripts, in milliseconds since 1970. */
export const clockOf = (redis: Redis, prefix: string) => ({
  time: async (): Promise<number> => Number(await redis.get(clockKey(prefix))),
  setTime: async (at: number): Promise<void> => void (await redis.set(clockKey(prefix), at)),
});

function replaceClock(source: string): string {
  const [before, after, ...more] = source.split("redis.call('TIME')");
  if (more.length > 0) throw new Error('the script reads the clock in more than one place');
  // A script that does not ask for the time is sent without the function that reads it.
  if (after === undefined && !source.includes('TIME')) return source;
  if (after === undefined) throw new Error('the script reads the clock in a form that the test does not replace');
  // TIME answers with seconds and microseconds
  return `${before}{ 0, tonumber(redis.call('GET', prefix .. '${clockKey('')}')) * 1000 }${after}`;
}
