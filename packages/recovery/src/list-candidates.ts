import {
  createGenerationId,
  GENERATION_ID_AHEAD_MS,
  generationIdTime,
  isGenerationId,
  MAX_CLOCK_SKEW_MS,
  type ListedRecord,
} from '@darkroom/contracts';
import { byGeneration, dateOf, inGroups } from './listings.ts';
import { KEPT_MS } from './kept.ts';
import type { Recovery } from './ports.ts';
import { isOver } from './wanted.ts';

/** The records of some generations, one generation after the other. */
type Listing = () => AsyncIterable<ListedRecord[]>;

export interface CandidatesOptions {
  /** Redis time from which on Redis may have forgotten something. Without it the listing covers the last two days. */
  since?: number;
  signal?: AbortSignal;
  /** Called with each key that Darkroom did not write. */
  onForeign: (key: string) => void;
}

/** Ids of so long are one listing, a few pages at ten generations a second; and of longer where these would be too many. */
const SLICE_MS = 15 * 60_000;
const MOST_SLICES = 32;
/** So many open generations, neighbours by their ids, are one listing. */
const OPEN_TOGETHER = 200;
/** Between neighbours lie the records of what is over. Listing a thousand of those costs about as much as asking about ten by name. */
const RECORDS_FOR_EACH = 100;
/** So many are asked about by name at once, in each of the listings that are read side by side. */
const ASKED_AT_ONCE = 16;
/** So many generations are looked up at once among the unread ones. */
const UNREAD_AT_ONCE = 500;
const DAY_MS = 86_400_000;

/**
 * Lists the records of all generations of which Redis may have forgotten something, in listings that may be read side by side. Redis knows
 * its state at the checkpoint, and everything that it may have forgotten came later. So each of them is one of these:
 *
 * - enqueued since. Its id is at most `GENERATION_ID_AHEAD_MS` older or younger than its enqueue, and ids sort by time; an older id has a
 * marker named by the time of its enqueue. A clock of Redis that was set back by up to `MAX_CLOCK_SKEW_MS` makes no gap;
 * - enqueued before, and open at the checkpoint: Redis has it, as open;
 * - unread at the checkpoint, while a rebuild reads on: it may have been read since, and bought again once all was read. S3 holds more
 * names of it than when the rebuild noted it;
 * - older than any of these, and brought back because an image of it may still be bought: that may have happened once all was read, and it
 * is not over by its names. Redis names the dates of which it had not read everything at the checkpoint: generations of all other dates
 * were back by then, and are open or over;
 * - left out by a rebuild at the checkpoint, because its records were damaged: they may have been repaired since.
 *
 * Without a checkpoint it lists everything that Redis must still have if it was ever enqueued: an id may be a day old at its enqueue.
 */
export async function* listCandidates(
  { store, archive, now }: Recovery,
  { since, signal, onForeign }: CandidatesOptions,
): AsyncGenerator<Listing, void, undefined> {
  const startedAt = Math.floor(now());
  const from = since === undefined ? startedAt - KEPT_MS : since - GENERATION_ID_AHEAD_MS - MAX_CLOCK_SKEW_MS;
  const until = startedAt + GENERATION_ID_AHEAD_MS + MAX_CLOCK_SKEW_MS;
  const sliceMs = Math.max(SLICE_MS, Math.ceil((until - from) / MOST_SLICES));
  for (let at = from; at < until;) {
    const begin = at;
    const end = Math.min(until, begin + sliceMs, nextDay(begin));
    yield () => byGeneration(archive.listRecordsBetween(dateOf(begin), idsFrom(begin), idsFrom(end), onForeign));
    at = end;
  }

  const isOlder = (generationId: string): boolean => isGenerationId(generationId) && generationIdTime(generationId) < from;
  const older = new Set<string>();
  if (since !== undefined)
    for await (const generationId of archive.listLateIds(since - MAX_CLOCK_SKEW_MS, onForeign)) older.add(generationId);
  for await (const generationId of store.listOpen()) {
    signal?.throwIfAborted();
    // A foreign id has no date, and no records.
    if (isOlder(generationId)) older.add(generationId);
  }
  for (const { generationId } of await store.listDamaged()) if (isOlder(generationId)) older.add(generationId);
  for (const ids of inDays([...older].toSorted())) yield () => listNeighbours(archive, ids);

  const reading = await store.findReading();
  if (reading === undefined) return;
  for (const date of reading.dates === 'all' ? await archive.listRecordDates() : reading.dates)
    yield () => listGrownUnread({ store, archive }, date);
}

/**
 * The records of generations of a date of which something was written since a rebuild that reads on has noted them as unread, and of those
 * that are not over and not unread.
 */
async function* listGrownUnread(
  { store, archive }: Pick<Recovery, 'store' | 'archive'>,
  date: string,
): AsyncGenerator<ListedRecord[], void, undefined> {
  const idOf = ([first]: readonly ListedRecord[]): string => first?.generationId ?? '';
  for await (const page of inGroups(byGeneration(archive.listRecordsOfDate(date)), UNREAD_AT_ONCE)) {
    const unread = await store.compareUnread(new Map(page.map((records) => [idOf(records), records.length])));
    for (const records of page) {
      const isUnread = unread?.same.has(idOf(records)) === true;
      if (unread?.grown.has(idOf(records)) === true || (!isUnread && !isOver(records))) yield records;
    }
  }
}

/** The records of generations of one day, given in the order of their ids. */
async function* listNeighbours(archive: Recovery['archive'], ids: readonly string[]): AsyncGenerator<ListedRecord[], void, undefined> {
  const [first = ''] = ids;
  const wanted = new Set(ids);
  let listed = 0;
  let last = '';
  for await (const records of byGeneration(archive.listRecordsBetween(dateOf(generationIdTime(first)), first, `${ids.at(-1)}~`))) {
    listed += records.length;
    last = records[0]?.generationId ?? last;
    if (wanted.has(last)) yield records;
    if (listed > ids.length * RECORDS_FOR_EACH) break;
  }
  if (listed <= ids.length * RECORDS_FOR_EACH) return;
  for await (const some of inGroups(
    ids.filter((generationId) => generationId > last),
    ASKED_AT_ONCE,
  )) {
    for (const records of await Promise.all(some.map((generationId) => archive.listRecordsOf(generationId)))) yield* byGeneration(records);
  }
}

/** Ids a few at a time, each time of one day. */
function* inDays(ids: readonly string[]): Generator<string[], void, undefined> {
  let group: string[] = [];
  for (const id of ids) {
    const [first] = group;
    const isOfDay = first === undefined || dateOf(generationIdTime(first)) === dateOf(generationIdTime(id));
    if (!isOfDay || group.length === OPEN_TOGETHER) {
      yield group;
      group = [];
    }
    group.push(id);
  }
  if (group.length > 0) yield group;
}

const nextDay = (at: number): number => (Math.floor(at / DAY_MS) + 1) * DAY_MS;
/** Begins the ids of a moment: twelve digits of the time, in two parts. */
const ID_TIME_LENGTH = 13;
const idsFrom = (at: number): string => createGenerationId(at, (bytes) => bytes).slice(0, ID_TIME_LENGTH);
