import { DarkroomError, type SubmissionRef, type Timing } from '@darkroom/contracts';
import { settle, submit, type Outcome, type Purchase } from '@darkroom/purchase';
import { buildQueueOptions, queueNames, type QueueSettings, type Settlements, type Submissions } from '@darkroom/queues';
import { redactText, type Logger, type Pulse, type Tracing } from '@darkroom/service-runtime';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { createTroubleLog, easeFetching } from './ease-fetching.ts';
import { watchPurchase } from './metrics/watch-purchase.ts';
import type { WorkerMetrics } from './metrics/worker-metrics.ts';
import { nameUnreadableJob } from './name-unreadable-job.ts';
import { traceLines } from './trace-lines.ts';
import { tracePurchase } from './trace-purchase.ts';
import { readJob, runOutcome, type OutcomeSurroundings } from './run-outcome.ts';
import { WatchedWorker } from './watched-worker.ts';

export interface ConsumeOptions {
  connection: Redis;
  queue: QueueSettings;
  timing: Timing;
  submitConcurrency: number;
  settleConcurrency: number;
}

export interface ConsumeDependencies {
  purchase: Purchase;
  submissions: Submissions;
  settlements: Settlements;
  newestDelivery(ref: SubmissionRef): Promise<number>;
  /** Aborted when runs must end early because the process stops. */
  hurry: AbortSignal;
  /** Beats at each turn of the loops that fetch jobs. */
  pulse: Pulse;
  /** Called when a run could not reach S3. */
  onStorageTrouble?: () => void;
  logger: Logger;
  metrics: WorkerMetrics;
  tracing?: Tracing;
}

/** A limit that no queue reaches: BullMQ obeys `rateLimit` only on a worker that has a limiter (BullMQ 6.7, `fetchNextJob`). */
const NO_LIMIT = { max: 1_000_000_000, duration: 1000 };
/** BullMQ never resets a job's count of stalls, and a job may live through many deployments. */
const MAX_STALLED_COUNT = 10_000;

export interface Consuming {
  workers: WatchedWorker[];
  /** Takes no jobs of a queue while its flag is true; runs under way continue. */
  setPaused(isPaused: { submissions: boolean; settlements: boolean }): void;
}

/** Runs the two queues of a purchase. Each run ends in an outcome; an error of Redis, S3 or the provider becomes a snooze. */
export function startConsuming(options: ConsumeOptions, dependencies: ConsumeDependencies): Consuming {
  const { purchase, submissions, settlements, newestDelivery, hurry, pulse, logger, metrics } = dependencies;
  const { connection, queue, timing } = options;
  const { now = Date.now } = queue;
  const troubleLog = createTroubleLog(logger);
  const purchaseOf = (ref: SubmissionRef): Purchase => {
    const watched = traceLines(watchPurchase(purchase, metrics));
    return dependencies.tracing === undefined ? watched : tracePurchase(watched, ref, dependencies.tracing, now);
  };

  const start = (
    name: string,
    concurrency: number,
    run: (ref: SubmissionRef, job: Job) => Promise<Outcome>,
    throttleQueue: (delayMs: number) => Promise<void>,
    isParked: boolean,
  ): WatchedWorker => {
    const surroundings = (): OutcomeSurroundings => ({
      worker,
      now,
      throttleQueue,
      newestDelivery,
      wake: (ref) => settlements.wake(ref),
      renumber: (submission) => submissions.renumber(submission),
    });
    const worker: WatchedWorker = new WatchedWorker(
      name,
      async (job: Job, token = '') => {
        const startedAt = performance.now();
        if (!isParked && job.attemptsStarted === 1)
          metrics.queueWait.observe({}, Math.max(0, now() - job.timestamp - (job.opts.delay ?? 0)) / 1000);
        const ref = readJob(job);
        const outcome: Outcome = worker.isToPause
          ? { kind: 'release' }
          : await run(ref, job).catch((error: unknown) => onTrouble(worker, job, ref, error, isParked));
        metrics.run.observe({ queue: name, outcome: outcome.kind }, (performance.now() - startedAt) / 1000);
        logger.debug({ queue: name, ...ref, ...describe(outcome) }, 'run ended');
        await runOutcome(job, token, ref, outcome, surroundings());
      },
      {
        ...buildQueueOptions(connection, queue),
        concurrency,
        lockDuration: timing.lockDurationMs,
        stalledInterval: timing.stalledIntervalMs,
        maxStalledCount: MAX_STALLED_COUNT,
        drainDelay: 2,
        ...(isParked ? {} : { limiter: NO_LIMIT }),
      },
      pulse,
    );
    easeFetching(worker, troubleLog);
    worker.on('stalled', (jobId) => void nameUnreadableJob(worker, connection, jobId, logger));
    return worker;
  };

  function onTrouble(worker: WatchedWorker, job: Job, ref: SubmissionRef, error: unknown, isParked: boolean): Outcome {
    const code = error instanceof DarkroomError ? error.code : undefined;
    if (code === 'storage.unavailable') dependencies.onStorageTrouble?.();
    metrics.troubles.add({ queue: job.queueName, code: code ?? 'none' });
    // This worker lost Redis or S3 during the run; another worker may still have both. A settlement keeps its place here.
    if (!isParked && worker.isToPause) return { kind: 'release' };
    const attempt = Number.isSafeInteger(job.attemptsStarted) ? job.attemptsStarted : 1;
    const delayMs = Math.min(timing.maxTroubleMs, timing.troubleMs * 2 ** Math.min(attempt - 1, 10));
    // An error that time does not mend needs an operator, so it is logged as an error; the job is snoozed all the same.
    const isForGood = error instanceof DarkroomError && !error.retryable;
    const fields = { queue: job.queueName, ...ref, code, delayMs };
    // An error without a code comes from Redis, and each run meets the same one.
    if (code === undefined) troubleLog.warn(error, fields, 'run put back after an error');
    else logger[isForGood ? 'error' : 'warn']({ ...fields, err: error }, 'run put back after an error');
    // No delivery may wake the job sooner: a lasting error would make a hot loop.
    return {
      kind: 'snooze',
      delayMs,
      why: redactText(error instanceof Error ? error.message : String(error)),
      ...(isParked ? { seenDelivery: Number.MAX_SAFE_INTEGER } : {}),
    };
  }

  const submitting = start(
    queueNames.submissions,
    options.submitConcurrency,
    (ref, job) => submit(purchaseOf(ref), ref, hurry, job.priority),
    (delayMs) => submissions.queue.rateLimit(delayMs),
    false,
  );
  const settling = start(
    queueNames.settlements,
    options.settleConcurrency,
    (ref) => settle(purchaseOf(ref), ref, hurry),
    // No limiter here: it would hold back images that are already paid for.
    () => Promise.resolve(),
    true,
  );
  return {
    workers: [submitting, settling],
    setPaused(isPaused) {
      submitting.setPaused(isPaused.submissions);
      settling.setPaused(isPaused.settlements);
    },
  };
}

const describe = (outcome: Outcome): Record<string, string | number> => ({
  outcome: outcome.kind,
  ...('delayMs' in outcome ? { delayMs: outcome.delayMs, why: outcome.why } : {}),
});
