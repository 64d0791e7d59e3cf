import { errorCodes, isFinalSubmission, roads, submissionStatuses } from '@darkroom/contracts';
import { findingKinds, passReportSchema, type SendVerdict, type VerdictMeaning } from '@darkroom/generation-store';
import type { Outcome } from '@darkroom/purchase';
import { queueNames } from '@darkroom/queues';
import { labelSets, type Metrics } from '@darkroom/service-runtime';

/** A run is short: a few requests to Redis and S3, and one to the provider. */
const RUN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Times that a person waits: from the seconds of a quick image to the horizon of a day. */
const WAIT_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 900, 3600, 21_600, 86_400];

/** Passes take from a moment in a small store to minutes in a large one that lost its jobs. */
const PASS_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900];

/** Returns the words of a type, each once. A missing word does not compile. */
const wordsOf = <Word extends string>(words: Readonly<Record<Word, true>>): Word[] => Object.keys(words) as Word[]; // the keys are the type

const verdicts = wordsOf<SendVerdict>({
  accepted: true,
  conflict: true,
  refused: true,
  throttled: true,
  account: true,
  'not-sent': true,
  unknown: true,
  'no-intent': true,
  'conflict-seen': true,
});
const meanings = wordsOf<VerdictMeaning>({ accepted: true, planned: true, unproven: true, refused: true });
const outcomes = wordsOf<Outcome['kind']>({ submitted: true, finished: true, snooze: true, throttle: true, renumber: true, release: true });
const queues = [queueNames.submissions, queueNames.settlements];
const ends = submissionStatuses.filter(isFinalSubmission);

/** Creates the metrics of a worker. Names and meaning: docs/operations/metrics.md. */
export function createWorkerMetrics(metrics: Metrics) {
  return {
    queueWait: metrics.histogram({
      name: 'darkroom_queue_wait_seconds',
      help: 'Time from queueing a submission, or from its due time, to the start of its first submit run.',
      buckets: WAIT_SECONDS,
    }),
    run: metrics.histogram({
      name: 'darkroom_run_seconds',
      help: 'Duration of a run of a job, by queue and outcome.',
      labels: ['queue', 'outcome'],
      known: labelSets({ queue: queues, outcome: outcomes }),
      buckets: RUN_SECONDS,
    }),
    troubles: metrics.counter({
      name: 'darkroom_run_troubles_total',
      help: 'Runs put back after an error of Redis, S3 or the provider, or after a corrupt record or entry, by error code.',
      labels: ['queue', 'code'],
      known: labelSets({ queue: queues, code: [...Object.keys(errorCodes), 'none'] }),
    }),
    submitRequest: metrics.histogram({
      name: 'darkroom_submit_request_seconds',
      help: 'Duration of the request that buys an image, by verdict.',
      labels: ['verdict'],
      known: labelSets({ verdict: verdicts.filter((verdict) => verdict !== 'no-intent' && verdict !== 'conflict-seen') }),
      buckets: RUN_SECONDS,
    }),
    verdicts: metrics.counter({
      name: 'darkroom_verdicts_total',
      help: 'Sends by verdict of the provider and by its meaning for the submission.',
      labels: ['verdict', 'meaning'],
      known: labelSets({ verdict: verdicts, meaning: meanings }),
    }),
    provider: metrics.histogram({
      name: 'darkroom_provider_seconds',
      help: 'Time from the first send of a submission to the first look that found it finished.',
      buckets: WAIT_SECONDS,
    }),
    ended: metrics.counter({
      name: 'darkroom_submissions_ended_total',
      help: 'Submissions that ended, by status and by the road of the image.',
      labels: ['status', 'road'],
      known: ends.flatMap((status) => labelSets({ status: [status], road: status === 'succeeded' ? roads : ['none'] })),
    }),
    prices: metrics.counter({
      name: 'darkroom_prices_total',
      help: 'Charged submissions, by comparison of the reported cost with the price list.',
      labels: ['compared'],
      known: labelSets({ compared: ['unreported', 'as-listed', 'dearer', 'cheaper'] }),
    }),
    image: metrics.histogram({
      name: 'darkroom_image_seconds',
      help: 'Time from the creation of a generation, or from its runAt, to the end of one of its submissions, by status.',
      labels: ['status'],
      known: labelSets({ status: ends }),
      buckets: WAIT_SECONDS,
    }),
    pass: metrics.histogram({
      name: 'darkroom_reconcile_seconds',
      help: 'Duration of a pass of the reconciler, by outcome.',
      labels: ['outcome'],
      known: labelSets({ outcome: [...passReportSchema.shape.outcome.options, 'not-my-turn', 'failed'] }),
      buckets: PASS_SECONDS,
    }),
    findings: metrics.counter({
      name: 'darkroom_reconcile_findings_total',
      help: 'Findings of the reconciler, by kind and by action: repaired, or only named.',
      labels: ['kind', 'action'],
      known: labelSets({ kind: findingKinds, action: ['repaired', 'named'] }),
    }),
  };
}
export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;
