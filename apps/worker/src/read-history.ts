import { randomUUID } from 'node:crypto';
import { buildReadingStore, READING_TURN, type GenerationStore } from '@darkroom/generation-store';
import { readOn, type Recovery } from '@darkroom/recovery';
import { orAborted, type Logger, type Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

export interface ReadHistoryDependencies {
  store: GenerationStore;
  recovery: Recovery;
  /** Returns true while Redis and bucket belong together. */
  mayWrite: () => boolean;
  logger: Logger;
}

export interface ReadHistoryTiming {
  /** Time between two looks of a worker for generations that a rebuild left unread. */
  lookMs: number;
  /** Time after which another worker continues for a dead one. */
  turnMs: number;
}

const usualTiming: ReadHistoryTiming = { lookMs: 10_000, turnMs: 30_000 };
/** Few reads at a time, because the worker buys meanwhile. */
const AT_ONCE = 8;
/** Wait before the next look at a reading that no worker may continue. */
const TOO_OLD_MS = 600_000;

/** Reads the rest after a rebuild that opened the store and ended early; one worker of the fleet at a time. */
export function readHistory(
  redis: Redis,
  prefix: string,
  { store, recovery, mayWrite, logger }: ReadHistoryDependencies,
  { lookMs, turnMs }: ReadHistoryTiming = usualTiming,
): Required<Pick<Service, 'start' | 'stop'>> {
  const reading = buildReadingStore({ prefix }, redis);
  const holder = randomUUID();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  /** @returns the wait before the next look, in milliseconds. */
  async function look(): Promise<number> {
    const found = mayWrite() ? await reading.findReading() : undefined;
    if (found === undefined || !(await store.claimTurn(READING_TURN, turnMs, holder))) return lookMs;
    logger.info(
      { event: 'history.reading', total: found.total, left: found.left },
      'a rebuild opened the store and ended early; this worker reads the rest',
    );
    const keeping = setInterval(() => void store.claimTurn(READING_TURN, turnMs, holder).catch(() => undefined), turnMs / 3);
    try {
      const work = readOn({ ...recovery, store: { ...store, ...reading } }, found, {
        atOnce: AT_ONCE,
        signal: stopping.signal,
        onDamaged: ({ generationId, error }) =>
          logger.error(
            { event: 'records.damaged', generationId, code: error.code, err: error },
            'cannot read a generation: its records are damaged. Its id and idempotency key stay refused, and caps count its highest price, until an operator repairs the records and runs `rebuild`, or gives it up with `rebuild --skip-corrupt`',
          ),
      });
      const outcome = await orAborted(work, stopping.signal, 'stopped');
      if (outcome.kind === 'opened' || outcome.kind === 'open')
        logger.info({ event: 'history.read', ...outcome.read }, 'this worker has read everything that the rebuild left');
      if (outcome.kind === 'too-old')
        logger.error(
          { event: 'history.too-old' },
          'a rebuild opened the store days ago, and no worker read the rest; restored generations may have ended since: flush this Redis and rebuild it again',
        );
      return outcome.kind === 'too-old' ? TOO_OLD_MS : lookMs;
    } finally {
      clearInterval(keeping);
      await store.endTurn(READING_TURN, holder).catch(() => undefined);
    }
  }

  const nextIn = (ms: number): void => {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) => {
          if (!stopping.signal.aborted) logger.warn({ err: error }, 'could not read the generations that a rebuild left');
          return lookMs;
        })
        .then(nextIn);
    }, ms);
  };

  return {
    start: () => Promise.resolve(nextIn(lookMs)),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
    },
  };
}
