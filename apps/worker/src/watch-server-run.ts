import { hasCode } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Submissions } from '@darkroom/queues';
import { restoreForgotten, type Recovery } from '@darkroom/recovery';
import { orAborted, type Logger, type Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';
import type { SettingsKeeper } from './keep-settings.ts';
import type { OwnStore } from './own-store.ts';

export interface WatchServerRunOptions {
  /** How often the run of the server is looked at, in milliseconds; and at once after each reconnect. */
  everyMs: number;
  /** How long another worker waits for one that compares, and is renewed while it does, in milliseconds: it may be dead. */
  turnMs: number;
}

export interface WatchServerRunDependencies {
  /** The connection of the store: it hears of a restart first. */
  redis: Pick<Redis, 'on' | 'off'>;
  store: Pick<GenerationStore, 'readServerRun' | 'noteCheckpoint' | 'findCheckpoint' | 'confirmComparison' | 'claimTurn' | 'endTurn'>;
  recovery: Recovery;
  submissions: Pick<Submissions, 'endRest' | 'endStrayThrottle'>;
  ownStore: Pick<OwnStore, 'open' | 'check'>;
  /** Called with what the check of the owner threw while the worker runs, and with nothing once they belong together. */
  onForeign(error: Error | undefined): void;
  /** The settings of the store, which Redis may have lost or gone back to what they were. */
  settings: Pick<SettingsKeeper, 'restore' | 'look'>;
  logger: Logger;
  /** Names this worker as the holder of a turn. */
  holder: string;
}

/**
 * Sees that Redis restarted or failed over, after which nothing is bought: its last moments may be forgotten, sends and holds
 * among them. One worker of the fleet asks S3 what Redis has forgotten, brings it back and lets buying go on.
 *
 * The comparison is confirmed for the run of the server that it began with: a second restart in its middle makes it begin anew.
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
  /** The run in which Redis and bucket were found to belong together. The start has checked the first one. */
  let checkedRun: string | undefined;
  let toldOfForeign: string | undefined;
  /** A run of Redis that only a rebuild ends. */
  let refusedRun: string | undefined;

  async function look(): Promise<void> {
    try {
      await lookAtRun();
    } catch (error) {
      if (!hasCode(error, 'store.foreign-bucket') || !(error instanceof Error)) throw error;
      onForeign(error);
      if (toldOfForeign !== error.message)
        logger.error(
          { event: 'store.foreign', err: error, code: error.code },
          'this worker takes no jobs: its Redis and its bucket do not belong together',
        );
      toldOfForeign = error.message;
    }
  }

  async function lookAtRun(): Promise<void> {
    const { run, isOpen, isRecovering } = await store.readServerRun();
    // Before S3 is asked anything: it may hang.
    if (isOpen && isRecovering) tellThatBuyingWaits(run);
    if (run !== checkedRun) {
      await ownStore.check();
      checkedRun = run;
      toldOfForeign = undefined;
      onForeign(undefined);
    }
    if (!isOpen) {
      if (wasOpen) isWanted = await ownStore.open();
      wasOpen = false;
      return;
    }
    if (isRecovering) return run === refusedRun ? undefined : compareInTurn(run);
    warnedOfRun = undefined;
    // Before the settings, which ask S3: the older it is, the more is listed after a restart.
    await store.noteCheckpoint();
    if (await submissions.endStrayThrottle())
      logger.warn(
        { event: 'buying.throttle-ended' },
        'the queue was to rest for longer than it is ever told to: the clock of redis went back',
      );
    await settings.look();
    if (wasOpen) return;
    wasOpen = true;
    logger.info({ event: 'store.open-again' }, 'redis holds an epoch again; buying goes on');
  }

  function tellThatBuyingWaits(run: string): void {
    if (warnedOfRun === run) return;
    warnedOfRun = run;
    logger.warn({ event: 'buying.waits', run }, 'redis restarted or failed over; buying waits until S3 was asked what redis has forgotten');
  }

  function refuse(run: string, error: unknown): void {
    refusedRun = run;
    logger.error({ event: 'store.rebuild-needed', run, err: error, code: 'store.rebuild-needed' }, 'buying waits until redis is rebuilt');
  }

  async function compareInTurn(run: string): Promise<void> {
    // A turn for each run: one that was given away for an earlier run holds up nobody.
    const turn = `compare-${run}`;
    if (!(await store.claimTurn(turn, turnMs, holder))) return;
    const startedAt = performance.now();
    await settings.restore();
    const checkpoint = await store.findCheckpoint();
    const keeping = setInterval(() => void store.claimTurn(turn, turnMs, holder).catch(() => undefined), turnMs / 3);
    const since = checkpoint === undefined ? {} : { since: checkpoint.at };
    const comparison = restoreForgotten(recovery, { ...since, signal: stopping.signal });
    const { compared, restored, damaged, foreign } = await orAborted(comparison, stopping.signal, 'stopped')
      .finally(() => clearInterval(keeping))
      .catch(async (error: unknown) => {
        // Another worker goes on at once; after a failure it waits, as this one does.
        if (stopping.signal.aborted) await store.endTurn(turn, holder);
        if (hasCode(error, 'store.rebuild-needed')) refuse(run, error);
        throw error;
      });
    for (const key of foreign)
      logger.warn({ event: 'records.foreign', key }, 'an object among the records is none of darkroom; it is passed by');
    for (const { generationId, error } of damaged)
      logger.error(
        { event: 'records.damaged', generationId, code: error.code, err: error },
        'a generation cannot be brought back: its records are damaged',
      );
    if (!(await store.confirmComparison(run))) {
      isWanted = true;
      return;
    }
    const waited = await submissions.endRest();
    logger.info(
      {
        event: 'buying.goes-on',
        run,
        ...(checkpoint === undefined ? {} : { checkpointAgeMs: checkpoint.ageMs }),
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
