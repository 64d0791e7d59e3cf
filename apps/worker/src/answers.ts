import type { Redis } from 'ioredis';

/** Follows whether a connection is answered. */
export interface Answers {
  /** Whether it was answered within the last moments. */
  isAnswered(): boolean;
  stop(): void;
}

const EVERY_MS = 250;
/** An answer that is older counts for nothing. */
const FRESH_LOOKS = 4;

/** Asks a connection again and again, from the call on: its status tells nothing of a server that is frozen. */
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
