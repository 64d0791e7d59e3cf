import type { SubmissionRef } from '@darkroom/contracts';
import { Job, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { buildJobPayload, jobIdOf, parseJobPayload } from './job-payload.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** State of a submission's job: will run, failed, absent from where any worker would find it, or under a key of another type. */
export type JobPresence = 'live' | 'failed' | 'missing' | 'unreadable';

/** Compares the jobs of a queue with the submissions that need one, and restores missing jobs. */
export interface JobKeeper {
  /** Returns for each submission the state of its job. A job with another payload than its own counts as failed: it fails in every run. */
  inspect(refs: readonly SubmissionRef[]): Promise<JobPresence[]>;
  /** Ensures that a live job exists: corrects its payload, retries it if it failed, adds it, and removes data that no worker would find. */
  bringBack(ref: SubmissionRef): Promise<void>;
  /** Lists the submissions of failed jobs, the oldest first, a page at a time; omits jobs with a foreign payload. */
  listFailed(): AsyncGenerator<SubmissionRef[], void, undefined>;
  /** Returns the key of a submission's job. */
  keyOf(ref: SubmissionRef): string;
}

/**
 * To find one waiting job, Redis walks their list (BullMQ 6.7, `getStateV2`). With more waiting jobs than this, a job counts as live if
 * its data exists. Numbered jobs are found in a sorted set, however many there are.
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
    // Every finished job has an end, and only failed ones are kept (`removeOnComplete`).
    const [name, finishedOn] = await connection.hmget(queue.toKey(jobIdOf(ref)), 'name', 'finishedOn');
    if (typeof name !== 'string') return 'missing';
    return typeof finishedOn === 'string' ? 'failed' : 'live';
  };
  /** Returns the payload of a job; null if it has no readable one. */
  const readPayload = (jobId: string): Promise<string | null> =>
    connection.hget(queue.toKey(jobId), 'data').catch((error: unknown) => {
      if (isOfAnotherType(error)) return null;
      throw error;
    });
  /** Returns false for an unreadable payload or one of another submission; true for a job that has ended meanwhile. */
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
          try {
            const presence = await find(ref);
            // Checked for a missing job too: a key of another type in its place prevents adding one.
            const isOwn = await hasOwnPayload(ref);
            return presence === 'live' && !isOwn ? 'failed' : presence;
          } catch (error) {
            if (isOfAnotherType(error)) return 'unreadable';
            throw error;
          }
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
        // Its data exists, but no list holds it: an add would take it for a job and do nothing.
        await queue.remove(jobId);
      }
      await add(ref);
    },
    async *listFailed() {
      let after = '-inf';
      // Jobs with the time at which the previous page ended: a job retried meanwhile moves none of the others out of the walk.
      let read: string[] = [];
      for (;;) {
        // By ids instead of jobs: one payload that is not JSON would make the whole page unreadable (BullMQ 6.7, `Job.fromJSON`).
        const count = PAGE + read.length;
        const rows = await connection.zrange(queue.toKey('failed'), after, '+inf', 'BYSCORE', 'LIMIT', 0, count, 'WITHSCORES');
        const jobs = rows.flatMap((jobId, at) => (at % 2 === 0 ? [{ jobId, failedAt: rows[at + 1] ?? after }] : []));
        const page = jobs.filter(({ jobId }) => !read.includes(jobId));
        const payloads = await Promise.all(page.map(({ jobId }) => readPayload(jobId)));
        yield payloads.flatMap((data) => (data === null ? [] : parsePayloads(data)));
        if (jobs.length < count) return;
        const last = jobs.at(-1)?.failedAt ?? after;
        read = jobs.flatMap(({ jobId, failedAt }) => (failedAt === last ? [jobId] : []));
        after = last;
      }
    },
    keyOf: (ref) => queue.toKey(jobIdOf(ref)),
  };
}

const isOfAnotherType = (error: unknown): boolean => error instanceof Error && error.message.includes('WRONGTYPE');

async function mendPayload(job: Job, ref: SubmissionRef): Promise<void> {
  try {
    await job.updateData(buildJobPayload(ref));
  } catch (error) {
    if (!isElsewhere(error)) throw error; // it has ended meanwhile
  }
}

/** Returns the submission in a payload as Redis keeps it; none for a foreign payload. */
function parsePayloads(data: string): SubmissionRef[] {
  try {
    return [parseJobPayload(JSON.parse(data))];
  } catch {
    return [];
  }
}
