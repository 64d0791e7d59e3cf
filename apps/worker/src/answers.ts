import type { Redis } from 'ioredis';

/** Follows whether a connection is answered. */
export interface Answers {
  /** Returns true while the server has answered within the last second. */
  isAnswered(): boolean;
  stop(): void;
}

const EVERY_MS = 250;
/** Looks without an answer until the server counts as away. */
const FRESH_LOOKS = 4;

/** Pings a server four times a second. A connection to a frozen server looks healthy, so its status is not enough. */
export function followAnswers(redis: Pick<Redis, 'ping'>): Answers {
  let looksSinceAnswer = 0;
  const ask = (): void => {
    looksSinceAnswer += 1;
    redis.ping().then(
      () => (looksSinceAnswer = 0),
      () => undefined,
    );
  };
  ask();
  const timer = setInterval(ask, EVERY_MS);
  return { isAnswered: () => looksSinceAnswer <= FRESH_LOOKS, stop: () => clearInterval(timer) };
}
