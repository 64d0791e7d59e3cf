import { type Timing } from '@darkroom/contracts';
import type { ForgetMode } from './settings.ts';

const SECOND = 1000;

/**
 * The waits of a purchase, short enough that all of them occur in a run of minutes. Their chain is that of production (request
 * time-out < resend window < horizon). A freeze or an outage takes seconds here and minutes in production; the resend window takes a
 * minute here and an hour in production.
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

/** Returns the waits of a run, multiplied by its scale. */
export const timingOf = (scale: number): Timing => mapValues(runTiming, (ms) => Math.round(ms * scale));

/** Returns the time after an acceptance at which the provider forgets the id; undefined for never. */
export function forgetAfterMs(forget: ForgetMode | undefined, { resendWindowMs, troubleMs }: Timing): number | undefined {
  switch (forget) {
    case undefined:
      return undefined;
    case 'after-window':
      return 2 * resendWindowMs;
    case 'inside-window':
      // Soon: a worker that takes over sends again within a few seconds.
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
