import { createHash } from 'node:crypto';
import { createGenerationId, DarkroomError, defined, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import type { BulkAct, BulkActStep, GenerationStore } from '@darkroom/generation-store';
import type { Producer } from '@darkroom/producer';
import { changeOne, eachOf } from '@darkroom/producer/shared';
import { kinds, optionsOf } from './kinds.ts';

export interface PageTaker {
  readonly producer: Pick<Producer, 'list' | 'get' | 'cancel' | 'retry'>;
  readonly store: Pick<GenerationStore, 'stepBulkAct' | 'readTime'>;
  /** Names this process in the turn of the act. */
  readonly holder: string;
}

/** Generations of a page: what a dashboard that dies may do again. */
const PAGE = 50;
const SIDE_BY_SIDE = 16;
const FAILURES_SHOWN = 20;

/** The act would spend more than was counted. */
class MoreThanCounted extends Error {
  constructor() {
    super('it would spend more than was counted, because more has failed since: count again');
    this.name = 'MoreThanCounted';
  }
}

/**
 * Takes the next page of an act, and notes it. A page that a crash interrupts is taken again: a cancel changes nothing twice, and a retry has
 * an id that follows from the act, so that it finds what it has made, whatever became of it.
 * @returns false if the act is no longer this process's.
 * @throws DarkroomError that is over by itself: the page is taken again.
 */
export async function takePage({ producer, store, holder }: PageTaker, act: BulkAct): Promise<boolean> {
  const { id, kind, state, cursor } = act;
  const isDryRun = state === 'counting';
  const { change, spends } = kinds[kind];
  // an operator may stop it meanwhile: what the page has done counts
  const note = (fields: BulkActStep): Promise<boolean> => store.stepBulkAct(id, [state, 'stopped'], fields, holder);
  const pageAt = await pageTimeOf(store, act);
  if (pageAt !== undefined && pageAt !== act.pageAt && !(await note({ pageAt }))) return false;

  const total = { generations: act.generations, images: act.images, nanoUsd: act.nanoUsd, before: act.before, failed: act.failed };
  const failures = [...act.failures];
  /** Money of this page that is spent, or about to be. */
  let taken = act.nanoUsd;
  const mayTake = ({ nanoUsd }: { nanoUsd: number }): void => {
    if (isDryRun || !spends) return;
    if (taken + nanoUsd > (act.countedNanoUsd ?? 0)) throw new MoreThanCounted();
    taken += nanoUsd;
  };
  try {
    const options = optionsOf(act);
    // a list of no status would be one of all
    if (options.status?.length === 0) throw new RangeError('its filter leaves no status');
    const { generations, nextCursor } = await producer.list({ ...options, limit: PAGE, ...(cursor !== '' && { cursor }) });
    await eachOf(generations, SIDE_BY_SIDE, async ({ generationId }) => {
      const result = await changeOne(producer, change, generationId, {
        isDryRun,
        mayTake,
        ...defined({ ownId: ownIdOf(id, generationId, pageAt) }),
      });
      if (result.kind === 'refused') {
        total.failed += 1;
        if (failures.length < FAILURES_SHOWN) failures.push({ generationId, words: result.error.message });
      } else if (result.kind === 'changed' && result.changed?.isNew === false) {
        total.before += 1;
      } else if (result.kind === 'changed') {
        total.generations += 1;
        total.images += result.images;
        total.nanoUsd += result.nanoUsd;
      }
    });
    const step = { ...total, failures, pageAt: '' as const, cursor: nextCursor ?? '' };
    if (nextCursor !== undefined) return await note(step);
    const now = await store.readTime();
    return await note(
      isDryRun
        ? { ...countedOf(total), state: 'counted', countedAt: now, pageAt: '', cursor: '' }
        : { ...step, state: 'done', endedAt: now },
    );
  } catch (error) {
    const isOver = error instanceof MoreThanCounted || error instanceof RangeError || (error instanceof DarkroomError && !error.retryable);
    if (!isOver) throw error;
    return note({ state: 'stopped', why: messageOf(error), endedAt: await store.readTime() });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The counts of a dry run, and the begin of the act. */
const countedOf = ({ generations, images, nanoUsd }: Pick<BulkAct, 'generations' | 'images' | 'nanoUsd'>): BulkActStep => ({
  countedGenerations: generations,
  countedImages: images,
  countedNanoUsd: nanoUsd,
  generations: 0,
  images: 0,
  nanoUsd: 0,
  before: 0,
  failed: 0,
  failures: [],
});

/** Returns the time in the ids that a page of retries makes: its begin, unless ids of then are too old by now. */
async function pageTimeOf(store: Pick<GenerationStore, 'readTime'>, { state, kind, pageAt }: BulkAct): Promise<number | undefined> {
  if (state !== 'changing' || !kinds[kind].spends) return pageAt;
  const now = await store.readTime();
  return pageAt === undefined || now - pageAt > GENERATION_ID_MAX_AGE_MS / 2 ? now : pageAt;
}

/** Mints the id of the retry of a generation, the same for the same page of the same act. */
function ownIdOf(act: string, generationId: string, at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const digest = createHash('sha256').update(`${act}:${generationId}`).digest();
  return createGenerationId(at, (bytes) => {
    bytes.set(digest.subarray(0, bytes.length));
    return bytes;
  });
}
