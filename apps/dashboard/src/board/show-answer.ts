import type { AfterHook } from '@bull-board/api/typings/app';
import { defined } from '@darkroom/contracts';
import { z } from 'zod';
import { GENERATIONS } from './generations-adapter.ts';
import { NOT_SHOWN, showFailure } from './job-view.ts';

/**
 * Removes from the board's answers what its formatters (job-view.ts) miss. They cover payload, result, name and progress of a job, and
 * not its other texts, its logs, its flow or the templates of schedules.
 */
export const showAnswer: AfterHook = ({ route }, result) => {
  if ((result.status ?? 200) >= 400) return result;
  switch (route) {
    case '/api/queues':
      return { ...result, body: queuesSchema.parse(result.body) };
    case '/api/queues/:queueName/:jobId':
      return { ...result, body: z.looseObject({ job: jobSchema }).parse(result.body) };
    case '/api/queues/:queueName/:jobId/logs':
      return { ...result, body: [] }; // jobs of Darkroom write no logs
    case '/api/queues/:queueName/:jobId/flow':
      return { ...result, body: { nodeId: '', flowRoot: null, isFlowNode: false } }; // and belong to no flow
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
      ...defined({ failedReason: failedReason === undefined ? undefined : showFailure(failedReason, data) }),
      stacktrace: data === NOT_SHOWN ? [] : stacktrace.map((line) => showFailure(line, data)),
      // free texts of a foreign job
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
 * Returns the delay that makes the board show the time of the next run: it adds the delay to the creation of a job, which is right only
 * for the first wait. A job that was parked again waits from the end of its last run. BullMQ keeps the start of that run, so the shown
 * time is early by the length of the run.
 */
const delayFromCreation = ({ timestamp, processedOn, delay = 0 }: Times) =>
  delay > 0 && typeof processedOn === 'number' ? processedOn + delay - timestamp : delay;

/** Tabs of a queue of BullMQ, the most used first. Jobs of Darkroom have no children, so that tab is missing. */
const tabs = ['latest', 'delayed', 'waiting', 'prioritized', 'active', 'failed', 'completed'];

const queueSchema = z
  .looseObject({ name: z.string(), jobs: z.array(jobSchema) })
  .transform((queue) => (queue.name === GENERATIONS ? queue : { ...queue, statuses: tabs }));
const queuesSchema = z.looseObject({ queues: z.array(queueSchema) });
const schedulersSchema = z.looseObject({ schedulers: z.array(z.looseObject({ template: z.unknown().transform(() => undefined) })) });
