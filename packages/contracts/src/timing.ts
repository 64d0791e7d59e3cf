/**
 * Every waiting time of the purchase protocol, in milliseconds. They form one chain, checked by `timingProblems`:
 * requestTimeout < resendWindow < horizon <= ttl sent; upload URL and capability live at least as long as the horizon.
 */
export interface Timing {
  /** Longest duration of one request to the provider. */
  requestTimeoutMs: number;
  /**
   * Time after its first send in which a submission may be sent again. Later Runware may have forgotten the id (probe 4 of
   * docs/runware.md), and a resend would be a second purchase.
   */
  resendWindowMs: number;
  /** Time after its first send in which workers look for a submission; then its outcome counts as unknown. */
  horizonMs: number;
  /** The `ttl` sent to Runware: lifetime of `imageURL`. */
  imageTtlMs: number;
  /** Lifetime of a presigned upload URL and a webhook capability, from the send. */
  capabilityTtlMs: number;
  /** Time from the send to the first unprompted look of a settlement. */
  firstPollMs: number;
  /** Longest wait between two looks. */
  maxPollMs: number;
  /** Time to wait for the upload after the provider reported success; then `imageURL` is fetched. */
  uploadWindowMs: number;
  /**
   * Time in which a made image is asked for again while its address answers without it; then it counts as lost. Only the time of
   * asking counts, not an outage of the workers.
   */
  patienceMs: number;
  /** First wait for a missing upload; doubles up to ten seconds. */
  uploadPollMs: number;
  /** First wait after an error of Redis, S3 or the provider; doubles up to `maxTroubleMs`. */
  troubleMs: number;
  maxTroubleMs: number;
  /** Longest pause before one trial send of the whole fleet to a provider in trouble; grows up to it from `troubleMs`. */
  maxProbeMs: number;
  /** BullMQ's lock: the jobs of a killed worker return within about lock + stalled interval. */
  lockDurationMs: number;
  stalledIntervalMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Seven days (Amazon S3 user guide, "Expiration time for presigned URLs"). */
const MAX_PRESIGN_MS = 7 * 24 * HOUR;

export const defaultTiming: Readonly<Timing> = {
  requestTimeoutMs: 30 * SECOND,
  resendWindowMs: HOUR,
  horizonMs: 24 * HOUR,
  imageTtlMs: 24 * HOUR,
  // The horizon counts from the first send, the URL from the last one, which is at most a resend window later.
  capabilityTtlMs: 26 * HOUR,
  firstPollMs: 20 * SECOND,
  maxPollMs: 5 * MINUTE,
  uploadWindowMs: 3 * MINUTE,
  // Caches between the provider and its readers have been seen to deny a new image for seconds to minutes.
  patienceMs: 15 * MINUTE,
  uploadPollMs: SECOND,
  troubleMs: 2 * SECOND,
  maxTroubleMs: MINUTE,
  // The fleet notices a recovered provider within this and one `troubleMs`, and all workers buy again within half a minute.
  maxProbeMs: 10 * SECOND,
  lockDurationMs: 8 * SECOND,
  stalledIntervalMs: 2 * SECOND,
};

/**
 * Range of S3 to compare with a Redis that came back. An entry stays in Redis for longer than this after its last submission ended, so a
 * missing one was lost and has not merely expired.
 */
export const COMPARED_MS = 48 * HOUR;

/**
 * Greatest age of the checkpoint of a Redis that came back (`findCheckpoint` of the store). Each entry stays in Redis for longer than this
 * after its end, so a missing one was lost; after an older checkpoint it may merely have expired.
 */
export const MAX_CHECKPOINT_AGE_MS = 5 * 24 * HOUR;

/**
 * Greatest difference of a clock from Redis time. A process that is further off is not ready, and a worker then takes no jobs; a stored
 * time further ahead was written before a clock was set back.
 */
export const MAX_CLOCK_SKEW_MS = MINUTE;

/** Polling times without a webhook: no delivery wakes the settlement, so it looks sooner. */
export const pollingTiming: Readonly<Pick<Timing, 'firstPollMs' | 'maxPollMs'>> = { firstPollMs: 2 * SECOND, maxPollMs: 10 * SECOND };

/** Describes the broken links of the chain; none for a valid timing. */
export function timingProblems(timing: Timing): string[] {
  const chain: [keyof Timing, '<' | '<=', keyof Timing][] = [
    ['requestTimeoutMs', '<', 'resendWindowMs'],
    ['resendWindowMs', '<', 'horizonMs'],
    ['horizonMs', '<=', 'imageTtlMs'],
    ['horizonMs', '<=', 'capabilityTtlMs'],
    ['firstPollMs', '<=', 'horizonMs'],
    ['uploadWindowMs', '<', 'imageTtlMs'],
    ['patienceMs', '<', 'imageTtlMs'],
    ['stalledIntervalMs', '<=', 'lockDurationMs'],
  ];
  const broken = chain
    .filter(([left, sign, right]) => !(sign === '<' ? timing[left] < timing[right] : timing[left] <= timing[right]))
    .map(([left, sign, right]) => `${left} (${timing[left]} ms) must be ${sign} ${right} (${timing[right]} ms)`);
  return timing.capabilityTtlMs <= MAX_PRESIGN_MS
    ? broken
    : [...broken, `capabilityTtlMs (${timing.capabilityTtlMs} ms) must be <= ${MAX_PRESIGN_MS} ms, the longest life of a presigned URL`];
}

/** Returns the name of a key's variable: `TIMING_UPLOAD_WINDOW_MS` sets "uploadWindowMs". */
export const timingVariable = (key: keyof Timing): string => `TIMING_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
