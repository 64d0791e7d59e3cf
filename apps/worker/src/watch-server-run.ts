import { defined, ForeignBucketError, hasCode, NewerFormatError } from '@darkroom/contracts';
import type { ComparedMemory, GenerationStore } from '@darkroom/generation-store';
import type { Submissions } from '@darkroom/queues';
import { restoreForgotten, type Recovery } from '@darkroom/recovery';
import { orAborted, type Logger, type Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';
import type { SettingsKeeper } from './keep-settings.ts';
import type { OwnStore } from './own-store.ts';

export interface WatchServerRunOptions {
  /** Time between two looks at the server's run, in milliseconds. A reconnect causes a look at once. */
  everyMs: number;
  /** Time that other workers leave to one that compares, in milliseconds. It renews the turn; a dead one does not. */
  turnMs: number;
}

export interface WatchServerRunDependencies {
  /** The connection of the store, which notices a restart first. */
  redis: Pick<Redis, 'on' | 'off'>;
  store: Pick<GenerationStore, 'readServerRun' | 'noteCheckpoint' | 'findCheckpoint' | 'confirmComparison' | 'claimTurn' | 'endTurn'>;
  recovery: Recovery;
  submissions: Pick<Submissions, 'endRest' | 'endStrayThrottle'>;
  ownStore: Pick<OwnStore, 'open' | 'check'>;
  /** Called with the error of the owner check while the worker runs; called with nothing once it passes. */
  onForeign(error: Error | undefined): void;
  /** The settings of the store, which a restarted Redis may have lost or may hold in an older state. */
  settings: Pick<SettingsKeeper, 'restore' | 'look'>;
  logger: Logger;
  /** Name of this worker as the holder of a turn. */
  holder: string;
}

/**
 * Notices a restart or failover of Redis. Redis may have lost its last moments, with sends and holds, so no worker buys until one
 * worker of the fleet has compared Redis with S3 and restored what Redis lost.
 *
 * The comparison counts for the server run in which it began: a second restart in its middle makes it start over.
 */
export function watchServerRun(
  { everyMs, turnMs }: WatchServerRunOptions,
  { redis, store, recovery, submissions, ownStore, onForeign, settings, logger, holder }: WatchServerRunDependencies,
): Service {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isWanted = false;
  let warnedOfRun: string | undefined;
  let wasOpen = true;
  /** The last server run in which Redis and bucket belonged together. The start has checked the first one. */
  let checkedRun: string | undefined;
  let toldOfForeign: string | undefined;
  /** A server run that only a rebuild ends. */
  let refusedRun: string | undefined;

  async function look(): Promise<void> {
    try {
      await lookAtRun();
    } catch (error) {
      const isNewer = error instanceof NewerFormatError;
      // the watch of the connection tells it, and pauses this worker
      if (isNewer && !error.isOfBucket) return;
      if (!isNewer && !(error instanceof ForeignBucketError)) throw error;
      onForeign(error);
      const why = isNewer ? 'a later version has written its bucket' : 'its Redis and its bucket do not belong together';
      if (toldOfForeign !== error.message)
        logger.error({ event: 'store.foreign', err: error, code: error.code }, `this worker takes no jobs: ${why}`);
      toldOfForeign = error.message;
    }
  }

  async function lookAtRun(): Promise<void> {
    const { run, isOpen, isRecovering, memory } = await store.readServerRun();
    // Logged before the first request to S3, which may hang.
    if (isOpen && isRecovering) tellThatBuyingWaits(run);
    if (run !== checkedRun) await checkOwner(run);
    if (!isOpen) {
      if (wasOpen) isWanted = await ownStore.open();
      wasOpen = false;
      return;
    }
    if (isRecovering) return run === refusedRun ? undefined : compareInTurn({ run, memory });
    warnedOfRun = undefined;
    // Written before the settings are read from S3: an older checkpoint makes the listing after a restart longer.
    await store.noteCheckpoint();
    if (await submissions.endStrayThrottle())
      logger.warn(
        { event: 'buying.throttle-ended' },
        'ended a rest of the queue that was longer than any worker sets: the clock of redis went back',
      );
    await settings.look();
    if (wasOpen) return;
    wasOpen = true;
    logger.info({ event: 'store.open-again' }, 'redis holds an epoch again; buying resumed');
  }

  async function checkOwner(run: string): Promise<void> {
    checkedRun = undefined;
    await ownStore.check();
    checkedRun = run;
    toldOfForeign = undefined;
    onForeign(undefined);
  }

  function tellThatBuyingWaits(run: string): void {
    if (warnedOfRun === run) return;
    warnedOfRun = run;
    logger.warn(
      { event: 'buying.waits', run },
      'redis restarted, failed over or continues from another copy of its data; buying waits until a worker has compared redis with S3',
    );
  }

  function refuse(run: string, error: unknown): void {
    refusedRun = run;
    logger.error({ event: 'store.rebuild-needed', run, err: error, code: 'store.rebuild-needed' }, 'buying waits until redis is rebuilt');
  }

  async function compareInTurn({ run, memory }: ComparedMemory): Promise<void> {
    // Each server run has a turn of its own, so a holder from an earlier run delays no worker.
    const turn = `compare-${run}`;
    if (!(await store.claimTurn(turn, turnMs, holder))) return;
    const startedAt = performance.now();
    // A copy that was loaded into the running server may have another owner, and an older number of the format.
    await checkOwner(run);
    await settings.restore();
    const checkpoint = await store.findCheckpoint();
    const keeping = setInterval(() => void store.claimTurn(turn, turnMs, holder).catch(() => undefined), turnMs / 3);
    const since = defined({ since: checkpoint?.at });
    const comparison = restoreForgotten(recovery, { ...since, signal: stopping.signal });
    const { compared, restored, damaged, foreign } = await orAborted(comparison, stopping.signal, 'stopped')
      .finally(() => clearInterval(keeping))
      .catch(async (error: unknown) => {
        // A stop frees the turn, so that another worker compares at once. After a failure all workers wait until the turn expires.
        if (stopping.signal.aborted) await store.endTurn(turn, holder);
        if (hasCode(error, 'store.rebuild-needed')) refuse(run, error);
        throw error;
      });
    for (const key of foreign)
      logger.warn({ event: 'records.foreign', key }, 'darkroom did not write this object among its records; skipped it');
    for (const { generationId, error } of damaged)
      logger.error(
        { event: 'records.damaged', generationId, code: error.code, err: error },
        'cannot restore a generation: its records are corrupt',
      );
    if (!(await store.confirmComparison({ run, memory }))) {
      isWanted = true;
      return;
    }
    const waited = await submissions.endRest();
    logger.info(
      {
        event: 'buying.goes-on',
        run,
        ...defined({ checkpointAgeMs: checkpoint?.ageMs }),
        compared,
        restored: restored.length,
        damaged: damaged.length,
        waited,
        ms: Math.round(performance.now() - startedAt),
      },
      'redis matches S3 again; buying resumed',
    );
  }

  const lookNow = (): void => {
    clearTimeout(timer);
    isWanted = looking !== undefined;
    if (isWanted || stopping.signal.aborted) return;
    looking = look()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'could not compare redis with S3');
      })
      .finally(() => {
        looking = undefined;
        if (stopping.signal.aborted) return;
        if (isWanted) lookNow();
        else timer = setTimeout(lookNow, everyMs);
      });
  };

  return {
    async start() {
      if (stopping.signal.aborted) return;
      redis.on('ready', lookNow);
      lookNow();
      await looking;
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      redis.off('ready', lookNow);
      await looking;
    },
  };
}
