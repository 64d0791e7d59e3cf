/** Sources of the embedded Redis: a server on PATH, a private copy from Debian's packages, or one in JavaScript that keeps nothing. */
export const redisChoices = ['binary', 'deb', 'js'] as const;
export type RedisChoice = (typeof redisChoices)[number];
