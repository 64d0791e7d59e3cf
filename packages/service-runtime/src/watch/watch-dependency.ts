import { setTimeout as delay } from 'node:timers/promises';
import { explainShortly } from '../logging/describe-error.ts';
import type { LogFields, Logger } from '../logging/logger.ts';
import type { ReadinessCheck } from '../health.ts';
import type { Service } from '../service.ts';
import { orAborted } from './or-aborted.ts';
import { createOutageLines } from './outage-lines.ts';

export interface WatchDependencyOptions {
  /** Name of the dependency, such as "s3", for its check and its lines. */
  readonly name: string;
  /** Fields that identify it in the lines, such as its address without a password. */
  readonly about?: LogFields;
  /** Rejects with the reason if it cannot be used. */
  look(signal: AbortSignal): Promise<unknown>;
  /** Returns true for a reason that waiting cannot cure; a start then ends with it. None by default. */
  readonly isHopeless?: (error: unknown) => boolean;
  /** Called when a look finds it lost, or back. */
  readonly onChange?: () => void;
  /** Interval between looks while it can be used, in milliseconds. Defaults to 10,000. */
  readonly everyMs?: number;
  /** Interval between looks while it cannot be used, in milliseconds. Defaults to 1000. */
  readonly retryMs?: number;
  /** Longest duration of one look, in milliseconds. Defaults to 5000. */
  readonly limitMs?: number;
}

export interface WatchDependencyDependencies {
  readonly logger: Logger;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** Watches a dependency that this process may lose, such as S3. */
export interface DependencyWatch extends Service {
  start(): Promise<void>;
  /** Resolves once it can be used. Rejects with a hopeless reason, or if the watch is stopped. */
  untilThere(): Promise<void>;
  /** Reports the result of the last look. */
  readonly check: ReadinessCheck;
  /** Returns true if the last look failed. */
  isAway(): boolean;
  /** Makes the next look come at once, because a request to the dependency has failed. */
  lookSoon(): void;
}

/**
 * Watches a dependency: looks at it regularly, logs one line each when it is lost and when it is back, and knows if it can be used. A start
 * waits with it for an absent dependency.
 */
export function watchDependency(
  { name, about = {}, look, isHopeless = () => false, onChange, everyMs = 10_000, retryMs = 1000, limitMs = 5000 }: WatchDependencyOptions,
  { logger, now }: WatchDependencyDependencies,
): DependencyWatch {
  const stopping = new AbortController();
  const lines = createOutageLines({ name, about }, logger, now);
  let last: { error: unknown } | 'there' | undefined;
  let waiting = new AbortController();
  let watching: Promise<void> | undefined;
  const listeners = new Set<() => void>();

  const isAway = (): boolean => last !== undefined && last !== 'there';

  async function lookOnce(): Promise<void> {
    const wasAway = isAway();
    // Not AbortSignal.timeout: combined by `any`, it may be garbage-collected before its time (Node 20).
    const limit = new AbortController();
    const begunAt = now();
    const timer = setTimeout(() => limit.abort(), limitMs);
    const endLook = (): void => limit.abort();
    stopping.signal.addEventListener('abort', endLook);
    try {
      await orAborted(look(limit.signal), limit.signal, `no answer within ${limitMs} ms`);
      last = 'there';
      lines.noteThere();
    } catch (error) {
      if (stopping.signal.aborted) return;
      last = { error };
      lines.noteAway(explainShortly(error), begunAt);
    } finally {
      clearTimeout(timer);
      stopping.signal.removeEventListener('abort', endLook);
    }
    for (const listener of listeners) listener();
    if (isAway() !== wasAway) onChange?.();
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      waiting = new AbortController();
      await lookOnce();
      const signal = AbortSignal.any([stopping.signal, waiting.signal]);
      await delay(last === 'there' ? everyMs : retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    check: {
      name,
      async check() {
        if (last === undefined) throw new Error('not checked yet');
        if (last !== 'there') throw last.error as Error; // the error of a look
      },
    },
    isAway,
    lookSoon: () => {
      if (last === 'there') waiting.abort();
    },
    untilThere: () =>
      new Promise((resolve, reject) => {
        const decide = (): void => {
          const isOver = stopping.signal.aborted;
          const hopeless = last !== undefined && last !== 'there' && isHopeless(last.error) ? (last.error as Error) : undefined; // the error of a look
          if (!isOver && hopeless === undefined && last !== 'there') return;
          listeners.delete(decide);
          stopping.signal.removeEventListener('abort', decide);
          if (isOver) reject(new Error(`stopped while waiting for ${name}`));
          else if (hopeless !== undefined) reject(hopeless);
          else resolve();
        };
        listeners.add(decide);
        stopping.signal.addEventListener('abort', decide);
        decide();
      }),
    async start() {
      if (!stopping.signal.aborted) watching ??= watch();
    },
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
