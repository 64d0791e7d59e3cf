import type { SubmissionRef, SubmissionStatus, Told } from '@darkroom/contracts';

/** Ports of the receiver: a store that keeps deliveries, and a queue that wakes settlements. */

/** Keeps deliveries (generation-store). */
export interface DeliveryInbox {
  recordDelivery(ref: SubmissionRef, delivery: { body: string; told: Told }): Promise<DeliveryReceipt>;
}

export interface DeliveryReceipt {
  kind: 'recorded' | 'duplicate' | 'unknown-submission' | 'overflow';
  /** Number of the newest distinct delivery of the submission. */
  seq: number;
  /** True if the provider was asked after that delivery: one that is not kept has nothing new for the settlement. */
  isAsked: boolean;
  status?: SubmissionStatus;
}

/** Wakes the settlement of a submission (queues). */
export interface Wake {
  wake(ref: SubmissionRef): Promise<'woken' | 'ensured' | 'pending'>;
}
