import { createHash } from 'node:crypto';
import type { CrashPoint, Step } from './order.ts';

/** Points at which the test kills a process. */
export interface CrashPoints {
  readonly points: readonly CrashPoint[];
  /**
   * Points that are not struck, because they are the same moment as another: the process has received one answer, waits for no other,
   * and is about to send the next request.
   */
  readonly twins: readonly CrashPoint[];
}

/**
 * Returns every request of a golden run as two points: before it is sent and after its answer. It takes only requests that all traces
 * hold, so that no run waits for a poll that came once by chance.
 *
 * @param idle Requests of the same process without work; their number depends only on time.
 * @param idleStrikes The most strikes for each idle request.
 */
export function derivePoints(traces: readonly (readonly Step[])[], idle: ReadonlySet<string>, idleStrikes: number): CrashPoints {
  const isIn = traces.map((steps) => new Set(steps.map(nameOf)));
  const candidates = (traces[0] ?? [])
    .filter((step) => isIn.every((names) => names.has(nameOf(step))) && (!idle.has(step.request) || step.occurrence <= idleStrikes))
    .map(pointOf);
  const follows = traces.map((steps) => whatFollows(steps.filter(({ request }) => !idle.has(request))));
  const isTwin = (point: CrashPoint): boolean => {
    const [answer, ...others] = follows.map((answerBefore) => answerBefore.get(describePoint(point)));
    return answer !== undefined && others.every((other) => other === answer);
  };
  return { points: candidates.filter((point) => !isTwin(point)), twins: candidates.filter(isTwin) };
}

/** Returns, for each request that is sent while no answer is outstanding, the answer right before it. */
function whatFollows(steps: readonly Step[]): Map<string, string> {
  const follows = new Map<string, string>();
  const waitedFor = new Set<string>();
  let last: Step | undefined;
  for (const step of steps) {
    const { request, occurrence } = step;
    const name = `${request}, ${occurrence}`;
    if (step.step === 'answered') waitedFor.delete(name);
    else {
      if (last?.step === 'answered' && waitedFor.size === 0) follows.set(describePoint(pointOf(step)), nameOf(last));
      waitedFor.add(name);
    }
    last = step;
  }
  return follows;
}

const nameOf = ({ step, request, occurrence }: Step): string => `${step} ${request}, ${occurrence}`;
const pointOf = ({ step, request, occurrence }: Step): CrashPoint => ({
  request,
  occurrence,
  moment: step === 'sent' ? 'before' : 'after',
});

/** Formats a point: "after s3 PUT /darkroom/records/<date>/<id>/0-1.intent.json, 1". */
export const describePoint = ({ request, occurrence, moment }: CrashPoint): string => `${moment} ${request}, ${occurrence}`;

/** One of several shares of a scenario's points. */
export interface Share {
  /** Number of the share, from 0. */
  readonly at: number;
  readonly of: number;
}

/** Returns true if a point is in a share. The name decides, so that shares with different golden runs together cover every point. */
export const isInShare = (point: CrashPoint, { at, of }: Share): boolean =>
  createHash('sha256').update(describePoint(point)).digest().readUInt32BE() % of === at;
