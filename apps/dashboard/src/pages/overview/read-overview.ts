import type { SubmissionTimeline } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';

const HOUR_MS = 3_600_000;
/** Finished generations whose timelines tell how long the provider takes. */
const LOOKED_AT = 50;

export const ranges = {
  hour: { ms: HOUR_MS, barMs: 60_000, words: 'the last hour' },
  day: { ms: 24 * HOUR_MS, barMs: 900_000, words: 'the last 24 hours' },
};
export type Range = keyof typeof ranges;

/** The parts of the store that the overview reads. */
export type OverviewStore = Pick<
  GenerationStore,
  | 'minutes'
  | 'count'
  | 'readOpenGenerations'
  | 'readTasksAtProvider'
  | 'readOpenImages'
  | 'readSpend'
  | 'pauses'
  | 'heldWorkers'
  | 'findTrouble'
  | 'findFailedSends'
  | 'findNoWorkerSince'
  | 'isInitialised'
  | 'readUnknown'
  | 'list'
  | 'findTimeline'
  | 'readTime'
>;

/** Reads all that the overview shows. Its cost does not depend on the number of generations. */
export async function readOverview(store: OverviewStore, range: Range) {
  const now = await store.readTime();
  const from = now - ranges[range].ms;
  const [minutes, counts, open, tasks, images, spend, pauses, held, trouble, failing, noWorkerSince, isOpen, unknown, failed, providerMs] =
    await Promise.all([
      store.minutes(from, now),
      store.count(),
      store.readOpenGenerations(),
      store.readTasksAtProvider(),
      store.readOpenImages(),
      store.readSpend(),
      store.pauses(),
      store.heldWorkers(),
      store.findTrouble(),
      store.findFailedSends(),
      store.findNoWorkerSince(),
      store.isInitialised(),
      store.readUnknown(0),
      store.list({ statuses: ['failed', 'partial'] }, 5),
      readProviderTimes(store, now),
    ]);
  return {
    now,
    from,
    range,
    minutes,
    counts,
    open,
    tasks,
    images,
    spend,
    pauses,
    held,
    trouble,
    failing,
    noWorkerSince,
    isOpen,
    unknown,
    failed: failed.generations,
    providerMs,
  };
}
export type Overview = Awaited<ReturnType<typeof readOverview>>;

/** Reads how long the provider took for each image of the last finished generations, in milliseconds, the shortest first. */
async function readProviderTimes(store: Pick<OverviewStore, 'list' | 'findTimeline'>, now: number): Promise<number[]> {
  const { generations } = await store.list({ finishedFrom: now - 24 * HOUR_MS }, LOOKED_AT);
  const timelines = await Promise.all(generations.map(({ generationId }) => store.findTimeline(generationId).catch(() => undefined)));
  return timelines
    .flatMap((each) => each ?? [])
    .flatMap(providerTimeOf)
    .toSorted((a, b) => a - b);
}

/** Returns the time from the answer to a send until the image was told of or seen; none without both. */
function providerTimeOf({ steps }: SubmissionTimeline): number[] {
  const sent = steps.findLast(({ step }) => step === 'accepted');
  const made = sent && steps.find(({ step, at }) => at >= sent.at && (step === 'delivered' || step === 'made' || step === 'verified'));
  return sent === undefined || made === undefined ? [] : [made.at - sent.at];
}

/** Returns a percentile of sorted values; undefined without any. */
export const percentile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
