import type { GenerationStore, RedisShortcoming } from '@darkroom/generation-store';
import type { QueueCounts } from '@darkroom/queues';

export type HealthStore = Pick<
  GenerationStore,
  | 'readTime'
  | 'isInitialised'
  | 'pauses'
  | 'heldWorkers'
  | 'findTrouble'
  | 'findNoWorkerSince'
  | 'findLastPass'
  | 'findPassProgress'
  | 'readUnknown'
  | 'readWithheld'
  | 'findDiffering'
  | 'readActs'
>;

export interface HealthSources {
  readonly store: HealthStore;
  readonly readJobs: () => Promise<readonly QueueCounts[]>;
  readonly examine: () => Promise<readonly RedisShortcoming[]>;
}

const SHOWN = 20;

/** Reads what `darkroom status` knows, and what it can tell about Redis. Its cost does not depend on the number of generations. */
export async function readHealth({ store, readJobs, examine }: HealthSources) {
  const [now, isOpen, pauses, held, trouble, noWorkerSince, lastPass, progress, unknown, withheld, differing, acts, jobs, shortcomings] =
    await Promise.all([
      store.readTime(),
      store.isInitialised(),
      store.pauses(),
      store.heldWorkers(),
      store.findTrouble(),
      store.findNoWorkerSince(),
      store.findLastPass(),
      store.findPassProgress(),
      store.readUnknown(SHOWN),
      store.readWithheld(SHOWN),
      store.findDiffering(),
      store.readActs(50),
      readJobs(),
      examine(),
    ]);
  return { now, isOpen, pauses, held, trouble, noWorkerSince, lastPass, progress, unknown, withheld, differing, acts, jobs, shortcomings };
}
export type Health = Awaited<ReturnType<typeof readHealth>>;
