export interface Retention {
  /** How long a generation stays in Redis after its last submission ended, in seconds. */
  recordSeconds: number;
  /** How long an idempotency key is remembered, in seconds; at least the settle horizon. */
  idempotencySeconds: number;
}
