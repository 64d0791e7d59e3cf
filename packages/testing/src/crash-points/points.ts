import { createHash } from 'node:crypto';
import type { CrashPoint, Step } from './order.ts';

/** Where a process is killed. */
export interface CrashPoints {
  readonly points: readonly CrashPoint[];
  /**
   * Points that are not struck, because they are the same moment as another: one answer has come, none is waited for, and the next
   * request is about to be sent.
   */
  readonly twins: readonly CrashPoint[];
}

/**
 * Every request of a golden run, before it is sent and after its answer: what each of its traces holds, so that a poll that came
 * once more by chance is not waited for.
 *
 * @param idle What the same process requests while it has nothing to do: that comes as often as the time is long.
 * @param idleStrikes How often each of those is struck, at most.
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

/** By request that is sent when nothing else is waited for: the answer right before it. */
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

/** "after s3 PUT /darkroom/records/<date>/<id>/0-1.intent.json, 1" */
export const describePoint = ({ request, occurrence, moment }: CrashPoint): string => `${moment} ${request}, ${occurrence}`;

/** One of several shares of the points of a scenario. */
export interface Share {
  /** From 0. */
  readonly at: number;
  readonly of: number;
}

/** Returns whether a point is in a share: by its name, so that runs whose golden runs differ by a poll leave no point to each other. */
export const isInShare = (point: CrashPoint, { at, of }: Share): boolean =>
  createHash('sha256').update(describePoint(point)).digest().readUInt32BE() % of === at;
