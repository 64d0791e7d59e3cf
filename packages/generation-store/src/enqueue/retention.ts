export interface Retention {
  /** Time for which a generation stays in Redis after its last submission ended, in seconds. */
  recordSeconds: number;
  /** Time for which an idempotency key is remembered, in seconds; at least the settle horizon. */
  idempotencySeconds: number;
}

const WEEK_SECONDS = 7 * 86_400;

/** Retention unless a producer says otherwise, and for restored generations, because S3 does not hold theirs. */
export const defaultRetention: Readonly<Retention> = { recordSeconds: WEEK_SECONDS, idempotencySeconds: WEEK_SECONDS };
