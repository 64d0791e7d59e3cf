import type { AfterHook } from '@bull-board/api/typings/app';
import { z } from 'zod';
import { NOT_SHOWN, showFailure } from './job-view.ts';

/**
 * The last look at what the board answers. Formatters (job-view.ts) cover payload, result, name and progress of a job; its
 * other texts, its logs, its flow and the templates of schedules go past them.
 */
export const showAnswer: AfterHook = ({ route }, result) => {
  if ((result.status ?? 200) >= 400) return result;
  switch (route) {
    case '/api/queues':
      return { ...result, body: queuesSchema.parse(result.body) };
    case '/api/queues/:queueName/:jobId':
      return { ...result, body: z.looseObject({ job: jobSchema }).parse(result.body) };
    case '/api/queues/:queueName/:jobId/logs':
      return { ...result, body: [] }; // our jobs write none
    case '/api/queues/:queueName/:jobId/flow':
      return { ...result, body: { nodeId: '', flowRoot: null, isFlowNode: false } }; // and are part of none
    case '/api/job-schedulers':
      return { ...result, body: schedulersSchema.parse(result.body) };
    default:
      return result;
  }
};

const optionsSchema = z
  .object({ jobId: z.string().optional(), priority: z.number().optional(), attempts: z.number().optional() })
  .catch({});

const jobSchema = z
  .looseObject({
    data: z.unknown(),
    failedReason: z.string().optional(),
    stacktrace: z.array(z.string()),
    timestamp: z.number(),
    processedOn: z.number().nullish(),
    delay: z.number().optional(),
  })
  .transform(({ data, failedReason, stacktrace, opts, ...job }) => {
    const delay = delayFromCreation(job);
    return {
      ...job,
      data,
      delay,
      opts: { ...optionsSchema.parse(opts), ...(delay > 0 ? { delay } : {}) },
      ...(failedReason === undefined ? {} : { failedReason: showFailure(failedReason, data) }),
      stacktrace: data === NOT_SHOWN ? [] : stacktrace.map((line) => showFailure(line, data)),
      // free text of whoever added the job
      groupId: undefined,
      deduplicationId: undefined,
      deferredFailure: undefined,
    };
  });

interface Times {
  timestamp: number;
  processedOn?: number | null | undefined;
  delay?: number | undefined;
}

/**
 * The board shows a delayed job's time as its creation plus its delay, which is right for the first wait alone. A job that
 * was parked again waits from the end of its last run, of which BullMQ keeps the start: right to the length of a run.
 */
const delayFromCreation = ({ timestamp, processedOn, delay = 0 }: Times) =>
  delay > 0 && typeof processedOn === 'number' ? processedOn + delay - timestamp : delay;

/** The tabs of a queue, what is looked at most first. Nothing of ours has children. */
const tabs = ['latest', 'delayed', 'waiting', 'prioritized', 'active', 'failed', 'completed'];

const queuesSchema = z.looseObject({
  queues: z.array(z.looseObject({ jobs: z.array(jobSchema), statuses: z.unknown().transform(() => tabs) })),
});
const schedulersSchema = z.looseObject({ schedulers: z.array(z.looseObject({ template: z.unknown().transform(() => undefined) })) });
