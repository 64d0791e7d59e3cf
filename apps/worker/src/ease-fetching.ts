import { defined } from '@darkroom/contracts';
import { redisTroubleOf } from '@darkroom/generation-store';
import type { Logger } from '@darkroom/service-runtime';
import type { Worker } from 'bullmq';

/** Rest of the fetching loop after the first error, and the longest rest. */
const FIRST_REST_MS = 1000;
const MAX_REST_MS = 5000;
/** Errors within this time of each other count as one trouble, and the rest doubles. */
const ONE_TROUBLE_MS = 10_000;
const LINE_EVERY_MS = 10_000;

/**
 * Lets the loop of a BullMQ worker rest after each error. BullMQ asks again at once after every error (6.7, `mainLoop`): on a full
 * or read-only Redis, or one that refuses the login, it would spin and write thousands of lines a second. The loop resumes by
 * itself, and runs under way continue.
 */
export function easeFetching(worker: Worker, log: TroubleLog): void {
  let restMs = FIRST_REST_MS;
  let lastErrorAt = -Infinity;
  worker.on('error', (error) => {
    // An unreadable job is no trouble of Redis, and the jobs behind it do not wait.
    if (redisTroubleOf(error).reason === 'unknown' && error.name !== 'ReplyError')
      return log.warn(error, { queue: worker.name }, 'queue trouble');
    const now = performance.now();
    // Several errors of one round, such as the lost locks of all jobs, make the rest longer only once.
    const isSameRound = now - lastErrorAt < restMs / 2;
    if (!isSameRound) restMs = now - lastErrorAt < ONE_TROUBLE_MS ? Math.min(restMs * 2, MAX_REST_MS) : FIRST_REST_MS;
    if (!isSameRound || lastErrorAt === -Infinity) lastErrorAt = now;
    // BullMQ's own way to rest: the loop reads this field before each fetch, and the next answer of Redis sets it again. Its types hide it.
    Object.assign(worker, { limitUntil: Date.now() + restMs });
    log.warn(error, { queue: worker.name, restMs }, 'queue trouble');
  });
}

/** Writes one line for each kind of trouble in ten seconds, with the number of lines left out. */
export interface TroubleLog {
  warn(error: unknown, fields: Readonly<Record<string, unknown>>, message: string): void;
}

export function createTroubleLog(logger: Pick<Logger, 'warn'>): TroubleLog {
  const kinds = new Map<string, { at: number; leftOut: number }>();
  return {
    warn(error, fields, message) {
      const now = performance.now();
      const { reason, words } = redisTroubleOf(error);
      // The kind leaves out ids and numbers, which differ between jobs. An error that does not come from Redis keeps its text.
      const kind = `${message} ${reason} ${reason === 'unknown' ? words.replaceAll(/[0-9a-f-]{8,}|\d+/g, '#').slice(0, 80) : ''}`;
      const last = kinds.get(kind);
      if (last !== undefined && now - last.at < LINE_EVERY_MS) {
        last.leftOut += 1;
        return;
      }
      if (kinds.size > 100) kinds.clear();
      kinds.set(kind, { at: now, leftOut: 0 });
      logger.warn(defined({ ...fields, err: error, reason, leftOut: last?.leftOut === 0 ? undefined : last?.leftOut }), message);
    },
  };
}
