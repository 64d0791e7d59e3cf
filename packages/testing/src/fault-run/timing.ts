import { type Timing } from '@darkroom/contracts';
import type { ForgetMode } from './settings.ts';

const SECOND = 1000;

/**
 * The waiting times of a purchase, shortened so that all of them come to pass in a run of minutes: the chain is that of
 * production (request time-out < resend window < horizon). A freeze or an outage of the schedule takes seconds and the resend
 * window a minute, as in production they take minutes and it takes an hour.
 */
const runTiming: Readonly<Timing> = {
  requestTimeoutMs: 1.5 * SECOND,
  resendWindowMs: 60 * SECOND,
  horizonMs: 240 * SECOND,
  imageTtlMs: 300 * SECOND,
  capabilityTtlMs: 300 * SECOND,
  firstPollMs: 1.5 * SECOND,
  maxPollMs: 4 * SECOND,
  uploadWindowMs: 2.5 * SECOND,
  patienceMs: 20 * SECOND,
  uploadPollMs: 0.15 * SECOND,
  troubleMs: 0.2 * SECOND,
  maxTroubleMs: 1.5 * SECOND,
  maxProbeMs: 0.5 * SECOND,
  lockDurationMs: 3 * SECOND,
  stalledIntervalMs: 1 * SECOND,
};

/** The waiting times of a run, each multiplied by the one factor. */
export const timingOf = (scale: number): Timing => mapValues(runTiming, (ms) => Math.round(ms * scale));

/** How long after its acceptance the provider knows an id; undefined is for good. */
export function forgetAfterMs(forget: ForgetMode | undefined, { resendWindowMs, troubleMs }: Timing): number | undefined {
  switch (forget) {
    case undefined:
      return undefined;
    case 'after-window':
      return 2 * resendWindowMs;
    case 'inside-window':
      // soon: what is sent again is so within a few seconds, by a worker that took over
      return troubleMs;
    default:
      return forget satisfies never;
  }
}

function mapValues(timing: Readonly<Timing>, change: (ms: number) => number): Timing {
  const changed: Timing = { ...timing };
  for (const key of Object.keys(timing) as (keyof Timing)[]) changed[key] = change(timing[key]); // the keys are the type
  return changed;
}
