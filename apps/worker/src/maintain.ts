import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Timing } from '@darkroom/contracts';
import { buildReconcileStore, type GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import { buildQueueOptions, createMaintenance, queueNames, type QueueSettings, type Settlements, type Submissions } from '@darkroom/queues';
import { defaultReconcileSettings, reconcile, type Finding, type Reconciler, type Recovery } from '@darkroom/recovery';
import { orAborted, type Logger, type Pulse, type Service } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';
import { createTroubleLog, easeFetching } from './ease-fetching.ts';
import type { WorkerMetrics } from './metrics/worker-metrics.ts';
import { WatchedWorker } from './watched-worker.ts';

export interface MaintainOptions {
  connection: Redis;
  queue: QueueSettings;
  timing: Timing;
  /** Time between two passes of the reconciler in the fleet, in milliseconds. */
  everyMs: number;
  /** The reconciler repairs a disagreement only if it has lasted this long, in milliseconds. */
  graceMs: number;
}

export interface MaintainDependencies {
  store: GenerationStore;
  storage: ObjectStorage;
  submissions: Submissions;
  settlements: Settlements;
  recovery: Recovery;
  now: () => number;
  /** Beats at each turn of the loop that fetches passes. */
  pulse: Pulse;
  logger: Logger;
  metrics: WorkerMetrics;
}

/** Schedules and makes the passes of the reconciler. */
export interface Maintainer extends Service {
  start(): Promise<void>;
  /** Returns the BullMQ worker of the passes once it was started; the caller closes it. */
  worker(): WatchedWorker | undefined;
  /** Leaves the passes and their schedule to other workers while true. */
  pause(isPaused: boolean): void;
}

/** Each worker checks the schedule this often: a Redis that was emptied or restored from a backup has lost it. */
const MAX_UNSCHEDULED_MS = 30_000;

/** Starts the reconciler. Every worker keeps the schedule; one worker of the fleet makes each pass. */
export function maintain(options: MaintainOptions, dependencies: MaintainDependencies): Maintainer {
  const { connection, queue, timing, everyMs } = options;
  const { logger, pulse } = dependencies;
  const stopping = new AbortController();
  const maintenance = createMaintenance(connection, queue);
  const reconciler = joinReconciler(options, dependencies);
  let worker: WatchedWorker | undefined;
  let scheduling: Promise<void> | undefined;
  let hasPause = false;

  async function keepScheduled(): Promise<void> {
    while (!stopping.signal.aborted) {
      // BullMQ writes the times of the schedule by the clock of this process.
      if (!hasPause)
        await maintenance
          .scheduleReconcile(everyMs)
          .catch((error: unknown) => logger.warn({ err: error }, 'could not schedule the reconciler'));
      await wait(Math.min(everyMs, MAX_UNSCHEDULED_MS), stopping.signal);
    }
  }

  return {
    worker: () => worker,
    pause(isPaused) {
      hasPause = isPaused;
      worker?.setPaused(isPaused);
    },
    async start() {
      if (stopping.signal.aborted || worker !== undefined) return;
      worker = new WatchedWorker(
        queueNames.maintenance,
        () => makePass(reconciler, dependencies, stopping.signal),
        {
          ...buildQueueOptions(connection, queue),
          concurrency: 1,
          lockDuration: timing.lockDurationMs,
          stalledInterval: timing.stalledIntervalMs,
        },
        pulse,
      );
      if (hasPause) worker.setPaused(true);
      easeFetching(worker, createTroubleLog(logger));
      scheduling = keepScheduled();
    },
    async stop() {
      stopping.abort();
      await scheduling;
      await maintenance.close();
    },
  };
}

/** Makes one pass. A failed pass is not retried: the next one comes soon and covers the same. */
async function makePass(reconciler: Reconciler, { logger, metrics }: MaintainDependencies, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const noteEnd = (outcome: string): void => metrics.pass.observe({ outcome }, (performance.now() - startedAt) / 1000);
  try {
    // The pass may wait for a Redis or an S3 that is away; a stop does not wait for the pass.
    const report = await orAborted(reconcile(reconciler, { signal }), signal, 'stopped');
    noteEnd(report?.outcome ?? 'not-my-turn');
    if (report === undefined) return;
    const { outcome, open, stored, findings, next } = report;
    logger.info(
      { event: 'reconcile.pass', outcome, open, stored, findings, next, ms: Math.round(performance.now() - startedAt) },
      'reconciled',
    );
  } catch (error) {
    noteEnd('failed');
    if (!signal.aborted) logger.warn({ err: error }, 'could not reconcile; the next pass starts over');
  }
}

function joinReconciler(
  { connection, queue, timing, graceMs }: MaintainOptions,
  { store, storage, submissions, settlements, recovery, now, logger, metrics }: MaintainDependencies,
): Reconciler {
  return {
    store: buildReconcileStore({ prefix: queue.prefix }, connection),
    generations: store,
    archive: storage,
    submissions,
    settlements,
    recovery,
    around: {
      now,
      wait,
      createHolder: randomUUID,
      note(finding) {
        metrics.findings.add({ kind: finding.kind, action: finding.action });
        logFinding(logger, finding);
      },
      progress: ({ startedAt, at, open, stored }) =>
        logger.info({ event: 'reconcile.progress', open, stored, ms: at - startedAt }, 'reconciling continues'),
    },
    settings: { ...defaultReconcileSettings, timing, graceMs },
  };
}

function logFinding(logger: Logger, { kind, place, action }: Finding): void {
  // Every image leaves an upload behind; the line of the pass counts the uploads that were handed to the eraser.
  const level = kind === 'staging-left' ? 'debug' : 'warn';
  logger[level](
    { event: `reconcile.${action}`, kind, ...place },
    action === 'repaired' ? `repaired: ${kind}` : `found but not repaired: ${kind}`,
  );
}

const wait = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
