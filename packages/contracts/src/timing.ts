/**
 * Every waiting time of the purchase protocol, in milliseconds. They form one chain, checked by `timingProblems`:
 * requestTimeout < resendWindow < horizon <= ttl sent, and upload URL and capability live at least as long as the horizon.
 */
export interface Timing {
  /** How long one request to the provider may take. */
  requestTimeoutMs: number;
  /** How long after its first send a submission may be sent again: after it Runware may have forgotten the id (probe 4 of docs/runware.md), and a resend would be a purchase. */
  resendWindowMs: number;
  /** How long after its first send a submission is looked for before its outcome is called unknown. */
  horizonMs: number;
  /** The `ttl` sent to Runware: how long `imageURL` can be fetched. */
  imageTtlMs: number;
  /** How long a presigned upload URL and a webhook capability are good for, from the send. */
  capabilityTtlMs: number;
  /** When a settlement looks for the first time by itself, after the send. */
  firstPollMs: number;
  /** The longest wait between two looks. */
  maxPollMs: number;
  /** How long after the provider said "succeeded" the upload is waited for before `imageURL` is fetched. */
  uploadWindowMs: number;
  /**
   * How long an image that the provider says it has made is asked for again, while its address answers without it, before it is
   * called lost. Only the time in which it is asked for counts: not an outage of the workers.
   */
  patienceMs: number;
  /** The first wait for an upload that has not come yet; doubles up to ten seconds. */
  uploadPollMs: number;
  /** The first wait after trouble of Redis, S3 or the provider; doubles up to `maxTroubleMs`. */
  troubleMs: number;
  maxTroubleMs: number;
  /** The longest wait before a provider in trouble is tried again, by one send of the whole fleet; grows up to it from `troubleMs`. */
  maxProbeMs: number;
  /** BullMQ's lock: a killed worker's jobs are back within about lock + stalled interval. */
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
  // A provider that is back is noticed after this and one `troubleMs`, and everybody buys again within half a minute.
  maxProbeMs: 10 * SECOND,
  lockDurationMs: 8 * SECOND,
  stalledIntervalMs: 2 * SECOND,
};

/**
 * How far back S3 is asked what a Redis that came back may have forgotten. A record stays in Redis for longer than this after its
 * last submission ended: one that is missing was forgotten, and did not just end.
 */
export const COMPARED_MS = 48 * HOUR;

/**
 * How far a clock may be off the time of Redis. A process that is further off is not ready, and a worker takes no jobs then; a stored
 * time that lies further ahead was written before a clock went back.
 */
export const MAX_CLOCK_SKEW_MS = MINUTE;

/** The polling times when no webhook is asked for: nobody wakes the settlement, so it looks sooner. */
export const pollingTiming: Readonly<Pick<Timing, 'firstPollMs' | 'maxPollMs'>> = { firstPollMs: 2 * SECOND, maxPollMs: 10 * SECOND };

/** The links of the chain that do not hold, in words; none for a sound timing. */
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
