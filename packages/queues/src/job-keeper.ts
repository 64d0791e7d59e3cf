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
  /** The submissions whose jobs have failed, the oldest first, a page at a time; jobs that are none of ours are left out. */
  listFailed(): AsyncGenerator<SubmissionRef[], void, undefined>;
  /** Names the key of the job of a submission. */
  keyOf(ref: SubmissionRef): string;
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
  /** The payload of a job; null without one that can be read. */
  const readPayload = (jobId: string): Promise<string | null> =>
    connection.hget(queue.toKey(jobId), 'data').catch((error: unknown) => {
      if (isOfAnotherType(error)) return null;
      throw error;
    });
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
          try {
            const presence = await find(ref);
            // Asked of one that is missing, too: a key of another type in its place keeps another from being added.
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
        // Its data is there, and no list leads to it: an add would take it for a job and do nothing.
        await queue.remove(jobId);
      }
      await add(ref);
    },
    async *listFailed() {
      let after = '-inf';
      // Of the moment at which the page before ended: jobs that are taken back meanwhile move none of the others out of the walk.
      let read: string[] = [];
      for (;;) {
        // By their ids and not as jobs: one payload that is no JSON would keep all others from being read (BullMQ 6.7, `Job.fromJSON`).
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

/** The submission that a payload names, as Redis keeps it; none for one that is none of ours. */
function parsePayloads(data: string): SubmissionRef[] {
  try {
    return [parseJobPayload(JSON.parse(data))];
  } catch {
    return [];
  }
}
