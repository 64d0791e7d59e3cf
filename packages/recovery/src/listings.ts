import type { ListedRecord } from '@darkroom/contracts';

/** Number of wanted generations of a date above which the whole date is listed: one request lists a thousand records. */
export const LISTED_ONE_BY_ONE = 50;

/**
 * Returns the date under which S3 holds the records of a moment.
 * @param at Milliseconds since 1970.
 */
export const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Yields the records of one generation after the other, from a listing in the order of keys. */
export async function* byGeneration(
  listing: AsyncIterable<ListedRecord> | Iterable<ListedRecord>,
): AsyncGenerator<ListedRecord[], void, undefined> {
  let records: ListedRecord[] = [];
  for await (const record of listing) {
    if (records[0] !== undefined && records[0].generationId !== record.generationId) {
      yield records;
      records = [];
    }
    records.push(record);
  }
  if (records.length > 0) yield records;
}

/** Yields items a few at a time. */
export async function* inGroups<Item>(items: AsyncIterable<Item> | Iterable<Item>, size: number): AsyncGenerator<Item[], void, undefined> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
