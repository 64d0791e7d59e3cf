import { defined, type Quote } from '@darkroom/contracts';
import type { EnqueueReceipt, GenerationStore } from '@darkroom/generation-store';
import type { NumberedSubmission, Submissions } from '@darkroom/queues';
import { ENTRY_WRITTEN, type Availability } from './availability.ts';
import { warningsOf, type EnqueueWarning } from './enqueue-warnings.ts';
import type { PreparedGeneration } from './prepare-generation.ts';

/** Answer to an enqueue. */
export interface Enqueued {
  /** Id of the generation: the caller's own, a new one, or that of the first enqueue with the same key. */
  generationId: string;
  /** True if this call made the generation; false if it existed already. */
  created: boolean;
  /** Highest possible price. */
  quote: Quote;
  /** Warnings for an operator, such as a fleet without a worker; absent without one. */
  warnings?: EnqueueWarning[];
}

/** Destination of a prepared generation: first its entry, then its jobs. */
export interface Destination {
  ask: Availability['ask'];
  store: Pick<GenerationStore, 'enqueue'>;
  submissions: Pick<Submissions, 'add'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Enqueues one prepared generation. Repeated, it only ensures that the jobs exist. */
export async function enqueueGeneration({ ask, store, submissions, now }: Destination, prepared: PreparedGeneration): Promise<Enqueued> {
  const { generationId } = prepared.generation;
  const receipt = await ask('enqueue generation', generationId, () => store.enqueue(prepared.generation));
  await ask('add the jobs of generation', generationId, () => submissions.add(jobsOf(prepared, receipt), delayOf(receipt, now())), {
    after: ENTRY_WRITTEN,
  });
  return enqueuedOf(prepared, receipt);
}

/**
 * Returns the jobs of a generation, even of one that existed already: the call that made it may have died before it added them. A
 * job of a finished submission finds nothing to do, and one of a waiting submission its place in the fair line.
 */
export const jobsOf = (
  { generation }: Pick<PreparedGeneration, 'generation'>,
  { generationId, line }: Pick<EnqueueReceipt, 'generationId' | 'line'>,
): NumberedSubmission[] =>
  Array.from({ length: generation.request.numberResults }, (_, index) => ({
    generationId,
    index,
    n: 1,
    ...defined({ number: line?.[index] }),
  }));

/** Returns the delay of its jobs. A job that is early by Redis time is delayed again. */
export const delayOf = ({ runAt }: EnqueueReceipt, now: number): number => Math.max(0, (runAt ?? now) - now);

export const enqueuedOf = (prepared: PreparedGeneration, { kind, generationId, ...receipt }: EnqueueReceipt): Enqueued => ({
  generationId,
  created: kind === 'created',
  quote: prepared.quote,
  ...warningsOf(receipt),
});
