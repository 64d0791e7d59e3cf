import { randomUUID } from 'node:crypto';
import { buildSpendSumsStore, type GenerationStore, type SpendSumsStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import { recordSums, type RecordedSums } from '@darkroom/recovery';
import type { Logger, Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

export interface KeepSumsDependencies {
  store: Pick<GenerationStore, 'claimTurn'>;
  sums: SpendSumsStore;
  archive: Pick<ObjectStorage, 'recordSums'>;
  /** Returns true while Redis and bucket belong together. */
  mayWrite: () => boolean;
  logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

/** One worker of the fleet writes the sums this often, if the ledger has changed. */
const EVERY_MS = 60_000;
/** Each worker asks for the turn this often. */
const LOOK_MS = 5000;
/** While a process of an earlier version changes the ledger, a worker scans all keys at most this often. */
const UNFOLLOWED_MS = 600_000;

export const joinSums = (
  redis: Redis,
  prefix: string,
  rest: Omit<KeepSumsDependencies, 'sums'>,
): Required<Pick<Service, 'start' | 'stop'>> => keepSums({ ...rest, sums: buildSpendSumsStore({ prefix }, redis) });

/** Writes the sums of the ledger into S3, by one worker of the fleet at a time. */
function keepSums({ store, sums, archive, mayWrite, logger, now }: KeepSumsDependencies): Required<Pick<Service, 'start' | 'stop'>> {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let isStopped = false;
  let restsUntil = 0;
  let told: RecordedSums['kind'] | 'failed' = 'recorded';

  async function write(): Promise<void> {
    if (!mayWrite() || now() < restsUntil || !(await store.claimTurn('sums', EVERY_MS))) return;
    const { kind, ...recorded } = await recordSums({ store: sums, archive }, { createId: randomUUID });
    if (kind === 'recorded') logger.debug({ event: 'sums.recorded', ...recorded }, 'wrote the sums of the ledger into S3');
    if (kind === 'unfollowed') restsUntil = now() + UNFOLLOWED_MS;
    if (kind === 'unreadable' && told !== kind)
      logger.warn(
        { event: 'sums.unreadable' },
        'redis holds a corrupt sum of the ledger: a rebuild would read all records before it opens the store',
      );
    told = kind;
  }

  function tell(error: unknown): void {
    if (!isStopped && told !== 'failed')
      logger.warn(
        { event: 'sums.failed', err: error },
        'could not write the sums of the ledger into S3: without them a rebuild reads all records before it opens the store',
      );
    told = 'failed';
  }

  const nextIn = (ms: number): void => {
    if (isStopped) return;
    timer = setTimeout(() => {
      writing = write()
        .catch(tell)
        .finally(() => nextIn(LOOK_MS));
    }, ms);
  };

  return {
    start: () => Promise.resolve(nextIn(EVERY_MS)),
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await writing;
    },
  };
}
