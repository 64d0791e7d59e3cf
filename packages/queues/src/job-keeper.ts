import type { JobPresence, SubmissionRef } from '@darkroom/contracts';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobIdOf, parseJobPayload } from './job-payload.ts';
import { takeBack } from './take-back.ts';

/** Compares the jobs of a queue with the submissions that need one, and brings back what is missing. */
export interface JobKeeper {
  /** Whether each of these submissions has a job that will run. */
  inspect(refs: readonly SubmissionRef[]): Promise<JobPresence[]>;
  /** Makes sure that a live job is there: takes it back from failed, adds it, and clears away what no worker would find. */
  bringBack(ref: SubmissionRef): Promise<void>;
  /** The submissions whose jobs have failed; jobs that are none of ours are left out. */
  listFailed(): Promise<SubmissionRef[]>;
}

/**
 * To find one job among those that wait, Redis goes through the list of them (BullMQ 6.7, `getStateV2`). With more than so many
 * a job counts as alive when its data is there.
 */
const MAX_SEARCHED = 5000;
const PAGE = 200;

/** @param add Adds the job of a submission, to run now. */
export function createJobKeeper(connection: Redis, queue: Queue, add: (ref: SubmissionRef) => Promise<unknown>): JobKeeper {
  const search = async (ref: SubmissionRef): Promise<JobPresence> => {
    const state = await queue.getJobState(jobIdOf(ref));
    if (state === 'failed') return 'failed';
    return state === 'unknown' || state === 'completed' ? 'missing' : 'live';
  };
  const lookUp = async (ref: SubmissionRef): Promise<JobPresence> => {
    // A finished job has an end, and only a failed one is kept (`removeOnComplete`).
    const [name, finishedOn] = await connection.hmget(queue.toKey(jobIdOf(ref)), 'name', 'finishedOn');
    if (typeof name !== 'string') return 'missing';
    return typeof finishedOn === 'string' ? 'failed' : 'live';
  };
  return {
    async inspect(refs) {
      if (refs.length === 0) return [];
      const { waiting = 0 } = await queue.getJobCounts('waiting');
      return Promise.all(refs.map(waiting > MAX_SEARCHED ? lookUp : search));
    },
    async bringBack(ref) {
      const jobId = jobIdOf(ref);
      const job = await queue.getJob(jobId);
      if (job !== undefined) {
        const presence = await search(ref);
        if (presence === 'live') return;
        if (presence === 'failed') return takeBack(job);
        // Its data is there, and no list leads to it: an add would take it for a job and do nothing.
        await queue.remove(jobId);
      }
      await add(ref);
    },
    async listFailed() {
      const refs: SubmissionRef[] = [];
      for (let from = 0; ; from += PAGE) {
        const jobs = await queue.getJobs(['failed'], from, from + PAGE - 1);
        refs.push(...jobs.flatMap(({ data }) => readRef(data)));
        if (jobs.length < PAGE) return refs;
      }
    },
  };
}

function readRef(data: unknown): SubmissionRef[] {
  try {
    return [parseJobPayload(data)];
  } catch {
    return [];
  }
}
