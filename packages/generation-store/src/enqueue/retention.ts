export interface Retention {
  /** How long a generation stays in Redis after its last submission ended, in seconds. */
  recordSeconds: number;
  /** How long an idempotency key is remembered, in seconds; at least the settle horizon. */
  idempotencySeconds: number;
}

const WEEK_SECONDS = 7 * 86_400;

/** What holds unless a producer says otherwise; and for generations that were brought back, because S3 does not know better. */
export const defaultRetention: Readonly<Retention> = { recordSeconds: WEEK_SECONDS, idempotencySeconds: WEEK_SECONDS };
