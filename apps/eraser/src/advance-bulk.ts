import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { BulkMove, BulkTurn, ErasingStore } from '@darkroom/generation-store';
import type { ErasingStorage } from '@darkroom/object-storage';
import type { Logger } from '@darkroom/service-runtime';
import { readStoredPage, type OwnedGeneration, type StoredPlace, type StoredReading } from './read-stored-page.ts';

export interface BulkParts {
  store: Pick<ErasingStore, 'takeBulkTurn' | 'listForBulk' | 'takeIntoBulk' | 'stepBulk' | 'endBulk'>;
  storage: StoredReading & Pick<ErasingStorage, 'deleteInputs'>;
  logger: Logger;
  /** Most generations of a page; 50 when absent. */
  takenAtOnce?: number;
}

/** Generations of a page: one script takes them in, and an erasure of a single generation waits for no more. */
const PAGE = 50;

/**
 * Moves the bulk erasure on that has waited longest, by one page, and with it those that stand at the same place of S3. Each page and the place
 * behind it are written in one script of Redis, so a death anywhere repeats at most one page.
 * @returns true if there may be more to do at once.
 */
export async function advanceBulk(parts: BulkParts): Promise<boolean> {
  const turns = await parts.store.takeBulkTurn();
  const [turn] = turns;
  if (turn === undefined) return false;
  switch (turn.step) {
    case 'listed':
      return takeListed(parts, turn);
    case 'stored':
      return takeStored(parts, turns);
    case 'swept':
      return endSwept(parts, turn);
    case 'inputs':
      return deleteInputs(parts, turn);
    default:
      return turn.step satisfies never;
  }
}

async function takeListed({ store, takenAtOnce = PAGE }: BulkParts, turn: BulkTurn): Promise<boolean> {
  const { generations, place } = await store.listForBulk(turn, takenAtOnce);
  await store.takeIntoBulk(turn, generations, { step: place === '' ? 'stored' : 'listed', place });
  return true;
}

/**
 * Looks at a page of S3 for all that stand at its place. The generations in Redis were taken already, except those that it had lost. Up to 200
 * erasures at once share a walk over S3: each joins where another one is, and goes around.
 */
async function takeStored({ store, storage, takenAtOnce = PAGE }: BulkParts, turns: readonly BulkTurn[]): Promise<boolean> {
  const [date = '', after] = (turns[0]?.place ?? '').split(' ');
  const { owned, next } = await readStoredPage(
    storage,
    { date, ...(after !== undefined && { after }) },
    { until: Math.max(...turns.map(({ requestedAt }) => requestedAt)), count: takenAtOnce },
  );
  await Promise.all(
    turns.map((turn) => store.takeIntoBulk(turn, owned.filter((each) => belongsTo(each, turn)).map(nameOf), moveOf(turn, next))),
  );
  return true;
}

const belongsTo = (each: OwnedGeneration, { tenant, tag, requestedAt }: BulkTurn): boolean =>
  each.createdAt <= requestedAt && (tenant === undefined || each.tenant === tenant) && (tag === undefined || each.tags.includes(tag));

const nameOf = ({ generationId, tenant }: OwnedGeneration) => ({ generationId, tenant });

/** Returns the move of a walk over S3 to the next place, from the last day to the first one, or to its end where it joined. */
function moveOf({ joinedAt, hasWrapped }: BulkTurn, next: StoredPlace | undefined): BulkMove {
  const place = next === undefined ? '' : placeOf(next);
  if (next === undefined && !hasWrapped && joinedAt !== '') return { step: 'stored', place, hasWrapped: true };
  const isRound = next === undefined || (hasWrapped && place >= joinedAt);
  return isRound ? { step: 'swept', place: '' } : { step: 'stored', place, hasWrapped };
}

const placeOf = ({ date, after }: StoredPlace): string => (after === undefined ? date : `${date} ${after}`);

/** Waits until each that was found is swept. Reference images stay for open generations that were left. */
async function endSwept({ store, logger }: BulkParts, turn: BulkTurn): Promise<boolean> {
  const { erasureId, tenant, tag, waiting, left } = turn;
  if (waiting > 0) return false;
  if (tenant !== undefined && tag === undefined && left === 0) return store.stepBulk(turn, { step: 'inputs', place: '' });
  await store.endBulk(turn);
  logger.info({ event: 'erasure.ended', erasureId, left }, 'erased all that a request names');
  return true;
}

async function deleteInputs(parts: BulkParts, turn: BulkTurn): Promise<boolean> {
  const { store, storage } = parts;
  const { tenant = '', requestedAt, place } = turn;
  // The clock of S3 may be ahead of that of Redis by as much as clocks may be apart.
  const after = await storage.deleteInputs(tenant, requestedAt + MAX_CLOCK_SKEW_MS, place === '' ? undefined : place);
  if (after !== undefined) return store.stepBulk(turn, { step: 'inputs', place: after });
  await store.endBulk(turn);
  parts.logger.info({ event: 'erasure.ended', erasureId: turn.erasureId, left: 0 }, 'erased all that a request names');
  return true;
}
