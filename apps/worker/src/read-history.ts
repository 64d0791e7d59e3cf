import { randomUUID } from 'node:crypto';
import { buildReadingStore, READING_TURN, type GenerationStore } from '@darkroom/generation-store';
import { readOn, type Recovery } from '@darkroom/recovery';
import { orAborted, type Logger, type Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

export interface ReadHistoryDependencies {
  store: GenerationStore;
  recovery: Recovery;
  /** Whether Redis and bucket belong together. */
  mayWrite: () => boolean;
  logger: Logger;
}

export interface ReadHistoryTiming {
  /** Each worker looks this often whether a rebuild has left something to read. */
  lookMs: number;
  /** After a reader has died another goes on so long after. */
  turnMs: number;
}

const usualTiming: ReadHistoryTiming = { lookMs: 10_000, turnMs: 30_000 };
/** Few, as the worker buys meanwhile. */
const AT_ONCE = 8;
/** What is damaged is looked at again so long after. */
const DAMAGED_MS = 600_000;

/** Reads on, where a rebuild has opened the store and ended before everything was read: one worker of the fleet at a time. */
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

  /** @returns when to look again, in milliseconds. */
  async function look(): Promise<number> {
    const found = mayWrite() ? await reading.findReading() : undefined;
    if (found === undefined || !(await store.claimTurn(READING_TURN, turnMs, holder))) return lookMs;
    logger.info({ event: 'history.reading', total: found.total, left: found.left }, 'a rebuild has opened the store; this worker reads on');
    const keeping = setInterval(() => void store.claimTurn(READING_TURN, turnMs, holder).catch(() => undefined), turnMs / 3);
    try {
      const work = readOn({ ...recovery, store: { ...store, ...reading } }, found, { atOnce: AT_ONCE, signal: stopping.signal });
      const outcome = await orAborted(work, stopping.signal, 'stopped');
      if (outcome.kind === 'opened' || outcome.kind === 'open')
        logger.info({ event: 'history.read', ...outcome.read }, 'everything that the rebuild had left is read');
      if (outcome.kind === 'too-old')
        logger.error(
          { event: 'history.too-old' },
          'a rebuild opened the store days ago and was never read to its end, and what it brought back may have ended since: flush this Redis and rebuild it again',
        );
      if (outcome.kind === 'too-old') return DAMAGED_MS;
      if (outcome.kind !== 'damaged') return lookMs;
      for (const { generationId, error } of outcome.damaged)
        logger.error(
          { event: 'records.damaged', generationId, code: error.code, err: error },
          'a generation cannot be read: its records are damaged. Keys and ids that are not known are refused until they are mended, or `rebuild --skip-corrupt` goes on without them',
        );
      return DAMAGED_MS;
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
          if (!stopping.signal.aborted) logger.warn({ err: error }, 'could not read what a rebuild has left');
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
