import { generationIdTime, hasCode } from '@darkroom/contracts';
import { digestOfTag } from '@darkroom/generation-store';
import type { ErasingStorage, StoredGenerationName } from '@darkroom/object-storage';
import { inLanes } from './in-lanes.ts';

/** Place in the bucket, behind a generation of a day. The first day is ''. */
export interface StoredPlace {
  date: string;
  after?: string;
}

/** A generation of S3 with what an erasure goes by. */
export interface OwnedGeneration extends Pick<StoredGenerationName, 'generationId' | 'request' | 'writtenAt'> {
  /** '' if S3 does not tell. */
  tenant: string;
  createdAt: number;
  /** Digests of its tags. */
  tags: string[];
}

/** Reads names and owners of the generations in S3. */
export type StoredReading = Pick<ErasingStorage, 'listStoredDates' | 'listStoredOf' | 'findRequest' | 'salvageIntent'>;

/** Names that a page passes by at most, and objects that are read at the same moment. */
const MOST_NAMES = 5000;
const LANES = 16;
/** An id may be as much ahead of the enqueue. */
const AHEAD_MS = 5 * 60_000;

/**
 * Reads a page of the generations in S3 that are not erased, day by day: the names first, then one or two small objects of each.
 * @param until Passes by the days after this time.
 * @returns those of the page and the next place; none after the last day.
 */
export async function readStoredPage(
  storage: StoredReading,
  { date, after }: StoredPlace,
  { until, count }: { until: number; count: number },
): Promise<{ owned: OwnedGeneration[]; next?: StoredPlace }> {
  const lastDate = new Date(until + AHEAD_MS).toISOString().slice(0, 10);
  const dates = (await storage.listStoredDates()).filter((each) => each >= date && each <= lastDate);
  const [first, second] = dates;
  if (first === undefined) return { owned: [] };
  const names: StoredGenerationName[] = [];
  let seen = 0;
  let last: string | undefined;
  for await (const name of storage.listStoredOf(first, first === date ? after : undefined)) {
    seen += 1;
    last = name.generationId;
    if (name.request !== 'tombstone') names.push(name);
    if (names.length < count && seen < MOST_NAMES) continue;
    return { owned: await ownedOf(storage, names), next: { date: first, after: last } };
  }
  return { owned: await ownedOf(storage, names), ...(second !== undefined && { next: { date: second } }) };
}

async function ownedOf(storage: StoredReading, names: readonly StoredGenerationName[]): Promise<OwnedGeneration[]> {
  const owned: OwnedGeneration[] = [];
  await inLanes(names, LANES, async (name) => void owned.push(await readOwned(storage, name)));
  return owned;
}

/**
 * Reads the facts by which an erasure finds its generations. A request of an earlier version names no tenant, but its intent does. A damaged
 * record gives those facts that can be read.
 */
export async function readOwned(
  storage: StoredReading,
  { generationId, request, writtenAt, intent }: StoredGenerationName,
): Promise<OwnedGeneration> {
  const kept = request === 'kept' ? await readRequest(storage, generationId) : undefined;
  const told = kept?.tenant === undefined && intent !== undefined ? await storage.salvageIntent(intent, intent.round) : undefined;
  return {
    generationId,
    request,
    writtenAt,
    tenant: kept?.tenant ?? told?.tenant ?? '',
    createdAt: kept?.createdAt ?? told?.createdAt ?? generationIdTime(generationId),
    tags: (kept?.tags ?? []).map(digestOfTag),
  };
}

const readRequest = (storage: StoredReading, generationId: string) =>
  storage.findRequest(generationId).then(
    (found) => (found.kind === 'found' ? found.kept : undefined),
    (error: unknown) => {
      if (hasCode(error, 'storage.corrupt-record')) return undefined;
      throw error;
    },
  );
