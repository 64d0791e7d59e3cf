import { z } from 'zod';
import { wholeNumber } from './variables.ts';

/** What a worker and whoever does its part by hand must agree on when records are repaired. */
export const reconcileSettings = z
  .object({
    WORKER_MAX_SUBMISSIONS: wholeNumber(1, 10).default(2),
    WORKER_RECONCILE_EVERY_MS: wholeNumber(1000, 86_400_000).default(300_000),
    WORKER_RECONCILE_GRACE_MS: wholeNumber(100, 600_000).default(15_000),
  })
  .transform((env) => ({
    maxSubmissions: env.WORKER_MAX_SUBMISSIONS,
    everyMs: env.WORKER_RECONCILE_EVERY_MS,
    graceMs: env.WORKER_RECONCILE_GRACE_MS,
  }));
