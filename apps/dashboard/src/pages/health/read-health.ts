import type { GenerationStore, RedisState } from '@darkroom/generation-store';
import type { QueueCounts } from '@darkroom/queues';

export type HealthStore = Pick<
  GenerationStore,
  | 'readTime'
  | 'isInitialised'
  | 'readOwnership'
  | 'pauses'
  | 'heldWorkers'
  | 'findTrouble'
  | 'findNoWorkerSince'
  | 'findLastPass'
  | 'findPassProgress'
  | 'findReading'
  | 'listDamaged'
  | 'findCaps'
  | 'readUnknown'
  | 'readWithheld'
  | 'findDiffering'
  | 'findFailingEndpoints'
  | 'countGivenUp'
  | 'tenantsOf'
  | 'readActs'
>;

export interface HealthSources {
  readonly store: HealthStore;
  readonly readJobs: () => Promise<readonly QueueCounts[]>;
  readonly examine: () => Promise<RedisState>;
  /** How far the clock of this process is ahead of Redis, in milliseconds. */
  readonly skewMs: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly version: string;
}

/** The page shows so many entries of each list, the first ones. */
export const SHOWN = 20;
/** Endpoints that a page looks at, with three small requests each. */
export const MOST_ENDPOINTS = 200;
/** Tenants of today whose notifications are counted. */
const MOST_TENANTS = 100;
const DAY_MS = 86_400_000;

/** Reads what `darkroom status` knows, and what `doctor` can tell about Redis. Its cost does not depend on the number of generations. */
export async function readHealth({ store, readJobs, examine, skewMs, now: clock, version }: HealthSources) {
  const startedAt = clock();
  const now = await store.readTime();
  const named = await allOf({
    isOpen: store.isInitialised(),
    ownership: store.readOwnership(),
    pauses: store.pauses(),
    held: store.heldWorkers(),
    trouble: store.findTrouble(),
    noWorkerSince: store.findNoWorkerSince(),
    lastPass: store.findLastPass(),
    progress: store.findPassProgress(),
    reading: store.findReading(),
    damaged: store.listDamaged(SHOWN),
    // the finding says so where they cannot be read
    caps: store.findCaps().catch(() => undefined),
    unknown: store.readUnknown(SHOWN),
    withheld: store.readWithheld(SHOWN),
    differing: store.findDiffering(),
    failing: store.findFailingEndpoints(MOST_ENDPOINTS, now - DAY_MS),
    givenUp: countGivenUp(store, now),
    acts: store.readActs(50),
    jobs: readJobs(),
    redis: examine(),
  });
  const { ownership, caps, ...found } = named;
  return { ...found, now, ownerId: ownership.ownerId, caps: caps?.caps, skewMs: skewMs(), readMs: clock() - startedAt, version };
}
export type Health = Awaited<ReturnType<typeof readHealth>>;

/** Counts the notifications that were given up since a day, by tenant of today. */
async function countGivenUp(store: Pick<HealthStore, 'tenantsOf' | 'countGivenUp'>, now: number): Promise<ReadonlyMap<string, number>> {
  const { tenants } = await store.tenantsOf(`day:${new Date(now).toISOString().slice(0, 10)}`, { limit: MOST_TENANTS });
  return store.countGivenUp(
    tenants.map(({ tenant }) => tenant),
    now - DAY_MS,
  );
}

/** Waits for all values at once. */
async function allOf<Given extends Record<string, Promise<unknown>>>(
  given: Given,
): Promise<{ [Name in keyof Given]: Awaited<Given[Name]> }> {
  const values = await Promise.all(Object.values(given));
  return Object.fromEntries(Object.keys(given).map((name, at) => [name, values[at]])) as { [Name in keyof Given]: Awaited<Given[Name]> }; // in the order of the names
}
