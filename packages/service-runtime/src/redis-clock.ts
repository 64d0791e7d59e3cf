import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { Logger } from './logging/logger.ts';
import type { ReadinessCheck } from './health.ts';
import type { Service } from './service.ts';

export interface RedisClockDependencies {
  /** Reads Redis' TIME: seconds since 1970, and microseconds. */
  readTime(): Promise<readonly (number | string)[]>;
  /** Clock of this process, in milliseconds since 1970. */
  wallMs: () => number;
  /** Clock that only goes forward, even if the other one is set, in milliseconds. */
  monotonicMs: () => number;
}

/** Redis time as this process knows it. */
export interface RedisClock {
  /** Returns Redis time in milliseconds since 1970; the time of this process before the first measurement. */
  now(): number;
  /**
   * Returns how far the clock of this process is ahead of Redis, in milliseconds, negative if behind; undefined before the first
   * measurement. Only the certain part: half of the round trip is subtracted. A clock that is set shows at once, without a measurement.
   */
  skewMs(): number | undefined;
  /** Asks Redis for its time. Rejects as the connection does. */
  measure(): Promise<void>;
}

export function createRedisClock({ readTime, wallMs, monotonicMs }: RedisClockDependencies): RedisClock {
  let measured: { redisMs: number; atMs: number; doubtMs: number } | undefined;
  const now = (): number => (measured === undefined ? wallMs() : Math.round(measured.redisMs + (monotonicMs() - measured.atMs)));
  return {
    now,
    skewMs() {
      if (measured === undefined) return undefined;
      const skew = wallMs() - now();
      return Math.sign(skew) * Math.max(0, Math.abs(skew) - measured.doubtMs);
    },
    async measure() {
      const askedAt = monotonicMs();
      const [seconds, micros] = await readTime();
      const doubtMs = (monotonicMs() - askedAt) / 2;
      const redisMs = Number(seconds) * 1000 + Number(micros) / 1000;
      if (Number.isFinite(redisMs)) measured = { redisMs, atMs: askedAt + doubtMs, doubtMs };
    },
  };
}

export interface ClockWatchOptions {
  clock: RedisClock;
  logger: Logger;
  /** Consequence of a wrong clock for this process, for the log line. */
  consequence: string;
  /** Called with each change, and once at the start if the clock is wrong then. */
  onChange?: (isRight: boolean) => void;
  /** Time between two comparisons, in milliseconds; 1000 by default. Every tenth comparison asks Redis. */
  everyMs?: number;
}

/** Watches the clock of a process. */
export interface ClockWatch extends Service {
  start(): Promise<void>;
  /** Returns false while the clock is known to be more than a minute off Redis time. */
  isRight(): boolean;
  readonly ready: ReadinessCheck;
}

/** A drift of this much between two checks is a clock that was set, or a machine that slept: Redis is asked at once. */
const LEAP_MS = 1000;
const LOOKS_PER_QUESTION = 10;

/** Watches that the clock of a process agrees with Redis time to a minute, and logs one line at each change. */
export function watchClock({ clock, logger, consequence, onChange, everyMs = 1000 }: ClockWatchOptions): ClockWatch {
  let wasRight = true;
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;
  let lastSkewMs: number | undefined;
  let measuring: Promise<void> | undefined;
  let isStopped = false;
  const isRight = (): boolean => Math.abs(clock.skewMs() ?? 0) <= MAX_CLOCK_SKEW_MS;

  const tell = (): void => {
    const right = isRight();
    if (right === wasRight) return;
    wasRight = right;
    const skewMs = clock.skewMs() ?? 0;
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    if (right) logger.info({ event: 'clock.right', skewMs: Math.round(skewMs) }, 'the clock of this process agrees with redis time again');
    else
      logger.error(
        { event: 'clock.wrong', skewMs: Math.round(skewMs) },
        `the clock of this process is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} redis time; ${consequence}`,
      );
    onChange?.(right);
  };
  // Other lines report an absent Redis; the last measurement remains valid meanwhile.
  const measure = (): Promise<void> => {
    measuring ??= clock
      .measure()
      .catch(() => undefined)
      .finally(() => {
        measuring = undefined;
        lastSkewMs = clock.skewMs();
        if (!isStopped) tell();
      });
    return measuring;
  };
  const look = (): void => {
    looks += 1;
    const hasLeapt = Math.abs((clock.skewMs() ?? 0) - (lastSkewMs ?? 0)) > LEAP_MS;
    if (lastSkewMs === undefined || hasLeapt || looks % LOOKS_PER_QUESTION === 0) void measure();
    tell();
  };
  return {
    isRight,
    ready: {
      name: 'clock',
      check: async () => {
        if (!isRight()) throw new Error('the clock of this process is more than a minute off redis time');
      },
    },
    async start() {
      if (isStopped || timer !== undefined) return;
      timer = setInterval(look, everyMs);
      timer.unref();
      await measure();
    },
    stop() {
      isStopped = true;
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
