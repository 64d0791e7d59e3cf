import type { JobPresence, SubmissionRef } from '@darkroom/contracts';
import { Job, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { buildJobPayload, jobIdOf, parseJobPayload } from './job-payload.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** Compares the jobs of a queue with the submissions that need one, and brings back what is missing. */
export interface JobKeeper {
  /** Whether each of these submissions has a job that will run. One whose payload is not its own fails whenever it runs. */
  inspect(refs: readonly SubmissionRef[]): Promise<JobPresence[]>;
  /** Makes sure that a live job is there: mends its payload, takes it back from failed, adds it, and clears away what no worker would find. */
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
  /** False for a payload that nobody can read, or of another submission; true for a job that has ended meanwhile. */
  const hasOwnPayload = async (ref: SubmissionRef): Promise<boolean> => {
    const data = await connection.hget(queue.toKey(jobIdOf(ref)), 'data');
    return data === null || parsePayloads(data).some((each) => jobIdOf(each) === jobIdOf(ref));
  };
  return {
    async inspect(refs) {
      if (refs.length === 0) return [];
      const { waiting = 0 } = await queue.getJobCounts('waiting');
      const find = waiting > MAX_SEARCHED ? lookUp : search;
      return Promise.all(
        refs.map(async (ref) => {
          const presence = await find(ref);
          return presence === 'live' && !(await hasOwnPayload(ref)) ? 'failed' : presence;
        }),
      );
    },
    async bringBack(ref) {
      const jobId = jobIdOf(ref);
      if ((await connection.exists(queue.toKey(jobId))) === 1) {
        const job = new Job(queue, '', {}, {}, jobId);
        const presence = await search(ref);
        if (presence === 'failed') return takeBack(job, ref);
        await mendPayload(job, ref);
        if (presence === 'live') return;
        // Its data is there, and no list leads to it: an add would take it for a job and do nothing.
        await queue.remove(jobId);
      }
      await add(ref);
    },
    async listFailed() {
      const refs: SubmissionRef[] = [];
      for (let from = 0; ; from += PAGE) {
        // By their ids and not as jobs: one payload that is no JSON would keep all others from being read (BullMQ 6.7, `Job.fromJSON`).
        const page = await queue.getRanges(['failed'], from, from + PAGE - 1);
        const payloads = await Promise.all(page.map((jobId) => connection.hget(queue.toKey(jobId), 'data')));
        const jobs = payloads.flatMap((data) => (data === null ? [] : parsePayloads(data)));
        refs.push(...jobs);
        if (page.length < PAGE) return refs;
      }
    },
  };
}

async function mendPayload(job: Job, ref: SubmissionRef): Promise<void> {
  try {
    await job.updateData(buildJobPayload(ref));
  } catch (error) {
    if (!isElsewhere(error)) throw error; // it has ended meanwhile
  }
}

/** The submission that a payload names, as Redis keeps it; none for one that is none of ours. */
function parsePayloads(data: string): SubmissionRef[] {
  try {
    return [parseJobPayload(JSON.parse(data))];
  } catch {
    return [];
  }
}
