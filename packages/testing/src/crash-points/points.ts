import { moments, type CrashPoint } from './order.ts';
import type { Trace } from './tap.ts';

/**
 * Every request of a golden run, before it is sent and after its answer: what each of its traces holds, so that a poll that came
 * once more by chance is not waited for.
 *
 * @param idle What the same process requests while it has nothing to do: that comes as often as the time is long.
 * @param idleStrikes How often each of those is struck, at most.
 */
export function derivePoints(
  traces: readonly Pick<Trace, 'requests' | 'answered'>[],
  idle: ReadonlySet<string>,
  idleStrikes: number,
): CrashPoint[] {
  const [first = new Map<string, number>(), ...others] = traces.map(({ requests }) => countRequests(requests));
  const answered = traces.map((trace) => new Set(trace.answered));
  return [...first].flatMap(([request, count]) => {
    const sure = Math.min(count, ...others.map((other) => other.get(request) ?? 0), idle.has(request) ? idleStrikes : Infinity);
    return Array.from({ length: sure }, (_, at) => at + 1).flatMap((occurrence) =>
      moments
        .filter((moment) => moment === 'before' || answered.every((each) => each.has(`${request}, ${occurrence}`)))
        .map((moment) => ({ request, occurrence, moment })),
    );
  });
}

/** In the order of their first occurrence. */
function countRequests(requests: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const request of requests) counts.set(request, (counts.get(request) ?? 0) + 1);
  return counts;
}

/** "after s3 PUT /darkroom/records/<date>/<id>/0-1.intent.json, 1" */
export const describePoint = ({ request, occurrence, moment }: CrashPoint): string => `${moment} ${request}, ${occurrence}`;
