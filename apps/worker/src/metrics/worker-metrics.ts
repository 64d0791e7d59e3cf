import {
  errorCodes,
  findingKinds,
  isFinalSubmission,
  passReportSchema,
  roads,
  submissionStatuses,
  type SendVerdict,
  type VerdictMeaning,
} from '@darkroom/contracts';
import type { Outcome } from '@darkroom/purchase';
import { queueNames } from '@darkroom/queues';
import { labelSets, type Metrics } from '@darkroom/service-runtime';

/** Runs are short: a few trips to Redis and S3, and one request to the provider. */
const RUN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** What a person waits for: from the seconds of a quick image to the horizon of a day. */
const WAIT_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 900, 3600, 21_600, 86_400];

/** From a small store in which nothing is wrong to a large one that lost its jobs. */
const PASS_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900];

/** The words of a type, each once: a word that is missing does not compile. */
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
const outcomes = wordsOf<Outcome['kind']>({ submitted: true, finished: true, snooze: true, throttle: true, release: true });
const queues = [queueNames.submissions, queueNames.settlements];
const ends = submissionStatuses.filter(isFinalSubmission);

/** What a worker measures. Names and meaning: docs/operations/metrics.md. */
export function createWorkerMetrics(metrics: Metrics) {
  return {
    queueWait: metrics.histogram({
      name: 'darkroom_queue_wait_seconds',
      help: 'From the time a submission was queued, or was due by then, to the start of its first submit run.',
      buckets: WAIT_SECONDS,
    }),
    run: metrics.histogram({
      name: 'darkroom_run_seconds',
      help: 'How long a run of a job took, by queue and by the outcome it ended in.',
      labels: ['queue', 'outcome'],
      known: labelSets({ queue: queues, outcome: outcomes }),
      buckets: RUN_SECONDS,
    }),
    troubles: metrics.counter({
      name: 'darkroom_run_troubles_total',
      help: 'Runs that were put back because Redis, S3 or the provider was in trouble, or a record could not be used; by the code of the error.',
      labels: ['queue', 'code'],
      known: labelSets({ queue: queues, code: [...Object.keys(errorCodes), 'none'] }),
    }),
    submitRequest: metrics.histogram({
      name: 'darkroom_submit_request_seconds',
      help: 'How long the request that buys an image took, by what the provider said.',
      labels: ['verdict'],
      known: labelSets({ verdict: verdicts.filter((verdict) => verdict !== 'no-intent' && verdict !== 'conflict-seen') }),
      buckets: RUN_SECONDS,
    }),
    verdicts: metrics.counter({
      name: 'darkroom_verdicts_total',
      help: 'Sends by what the provider said and by what that meant for the submission.',
      labels: ['verdict', 'meaning'],
      known: labelSets({ verdict: verdicts, meaning: meanings }),
    }),
    provider: metrics.histogram({
      name: 'darkroom_provider_seconds',
      help: 'From the first send of a submission to the first look that saw it finished.',
      buckets: WAIT_SECONDS,
    }),
    ended: metrics.counter({
      name: 'darkroom_submissions_ended_total',
      help: 'Submissions that ended, by status and by the road on which the image came home.',
      labels: ['status', 'road'],
      known: ends.flatMap((status) => labelSets({ status: [status], road: status === 'succeeded' ? roads : ['none'] })),
    }),
    prices: metrics.counter({
      name: 'darkroom_prices_total',
      help: 'Submissions that were charged, by how the reported cost compares with the price list.',
      labels: ['compared'],
      known: labelSets({ compared: ['unreported', 'as-listed', 'dearer', 'cheaper'] }),
    }),
    image: metrics.histogram({
      name: 'darkroom_image_seconds',
      help: 'From the creation of a generation, or from its runAt, to the end of one of its submissions, by status.',
      labels: ['status'],
      known: labelSets({ status: ends }),
      buckets: WAIT_SECONDS,
    }),
    pass: metrics.histogram({
      name: 'darkroom_reconcile_seconds',
      help: 'How long a pass of the reconciler took, by how it ended.',
      labels: ['outcome'],
      known: labelSets({ outcome: [...passReportSchema.shape.outcome.options, 'not-my-turn', 'failed'] }),
      buckets: PASS_SECONDS,
    }),
    findings: metrics.counter({
      name: 'darkroom_reconcile_findings_total',
      help: 'What the reconciler found, by kind and by whether it was repaired or only named.',
      labels: ['kind', 'action'],
      known: labelSets({ kind: findingKinds, action: ['repaired', 'named'] }),
    }),
  };
}
export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;
