import type { Quote, SubmissionRef } from '@darkroom/contracts';
import type { EnqueueReceipt, GenerationStore } from '@darkroom/generation-store';
import type { Submissions } from '@darkroom/queues';
import type { Availability } from './availability.ts';
import type { Order } from './order.ts';

export interface Enqueued {
  generationId: string;
  /** True when this call made the generation; false when it was there already. */
  created: boolean;
  /** What it may cost at the most. */
  quote: Quote;
}

/** Where orders go: first the record, then the jobs. */
export interface Destination {
  ask: Availability['ask'];
  store: Pick<GenerationStore, 'enqueue'>;
  submissions: Pick<Submissions, 'add'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Enqueues one order; a second time it only makes sure that the jobs are there. */
export async function enqueueOrder({ ask, store, submissions, now }: Destination, order: Order): Promise<Enqueued> {
  const { generationId } = order.generation;
  const receipt = await ask('enqueue generation', generationId, () => store.enqueue(order.generation));
  await ask('add the jobs of generation', generationId, () => submissions.add(jobsOf(order, receipt), delayOf(receipt, now())), {
    followsWrite: true,
  });
  return enqueuedOf(order, receipt);
}

/**
 * The jobs of a generation, also of one that was there already: the call that made it may have died before it added them. A job
 * of a submission that has come home finds nothing to do.
 */
export const jobsOf = ({ generation }: Order, { generationId }: EnqueueReceipt): SubmissionRef[] =>
  Array.from({ length: generation.request.numberResults }, (_, index) => ({ generationId, index, n: 1 }));

/** How long its jobs sleep. One that comes too early, by the clock of Redis, is sent back to sleep. */
export const delayOf = ({ runAt }: EnqueueReceipt, now: number): number => Math.max(0, (runAt ?? now) - now);

export const enqueuedOf = (order: Order, { kind, generationId }: EnqueueReceipt): Enqueued => ({
  generationId,
  created: kind === 'created',
  quote: order.quote,
});
