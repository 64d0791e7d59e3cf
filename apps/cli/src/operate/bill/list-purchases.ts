import { generationIdTime, hasCode, type ListedRecord, type NanoUsd, type SubmissionRef, type SubmissionResult } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { MAX_RUN_AHEAD_DAYS } from '@darkroom/generation-store';

/** A purchase that S3 remembers. */
export interface Purchase {
  ref: SubmissionRef;
  /** Money that the ledger booked; undefined while its outcome is unknown, or if it ended long before the month. */
  costNanoUsd?: NanoUsd;
  /**
   * "in": begun and ended in the month. "edge": one of both. "out": neither. "open": not ended, or with an unknown outcome. "unreadable": its
   * record in S3 is damaged.
   */
  place: 'in' | 'edge' | 'out' | 'open' | 'unreadable';
}

type Archive = Pick<ObjectStorage, 'listRecordsOfDate' | 'findResult' | 'findAmendment' | 'findDecision'>;

const DAY_MS = 86_400_000;
/** Records that are read at once. */
const AT_ONCE = 32;

/** Returns the first moment of a month and that of the next, in milliseconds since 1970. */
function boundsOf(month: string): { from: number; to: number } {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return { from: Date.UTC(year, number - 1), to: Date.UTC(year, number) };
}

/**
 * Lists all purchases that may have been charged in a month, with the money that the ledger booked. Generations lie by the day of their id, and one
 * that runs later is bought up to a month after. Of those that ended before the month only the names are read.
 */
export async function* listPurchases(archive: Archive, month: string): AsyncGenerator<Purchase, void, undefined> {
  const { from, to } = boundsOf(month);
  // Read ahead, and told in their order: a slow answer holds up no other request.
  const ahead: Promise<Purchase>[] = [];
  for (let day = from - (MAX_RUN_AHEAD_DAYS + 1) * DAY_MS; day <= to; day += DAY_MS) {
    for await (const group of groupsOf(archive, new Date(day).toISOString().slice(0, 10))) {
      const reading = readPurchase(archive, group, month);
      reading.catch(() => undefined); // its error is thrown where it is awaited, unless one before it has ended the list
      if (ahead.push(reading) < AT_ONCE) continue;
      const next = await ahead.shift();
      if (next !== undefined) yield next;
    }
  }
  for (const reading of ahead) yield await reading;
}

interface Group {
  ref: SubmissionRef;
  kinds: Set<ListedRecord['kind']>;
  writtenAt: number;
}

/** The records of each submission of a day, which lie side by side. */
async function* groupsOf(archive: Archive, date: string): AsyncGenerator<Group, void, undefined> {
  let group: Group | undefined;
  for await (const { generationId, index, n, kind, writtenAt } of archive.listRecordsOfDate(date)) {
    if (group?.ref.generationId !== generationId || group.ref.index !== index || group.ref.n !== n) {
      if (group !== undefined) yield group;
      group = { ref: { generationId, index, n }, kinds: new Set(), writtenAt: 0 };
    }
    group.kinds.add(kind);
    group.writtenAt = Math.max(group.writtenAt, writtenAt);
  }
  if (group !== undefined) yield group;
}

async function readPurchase(archive: Archive, { ref, kinds, writtenAt }: Group, month: string): Promise<Purchase> {
  const isEnded = kinds.has('result') || kinds.has('amendment') || kinds.has('decision');
  if (!isEnded) return { ref, place: 'open' };
  // A day for clocks that differ, and for what was booked late.
  if (writtenAt < boundsOf(month).from - DAY_MS) return { ref, place: 'out' };
  const end = await findEnd(archive, ref, kinds).catch((error: unknown) => {
    // A damaged record is named, and stops no other.
    if (hasCode(error, 'storage.corrupt-record')) return 'unreadable' as const;
    throw error;
  });
  if (end === 'unreadable') return { ref, place: 'unreadable' };
  if (end === undefined || end.status === 'unknown') return { ref, place: 'open' };
  return { ref, costNanoUsd: end.costNanoUsd ?? 0, place: placeOf(end, month) };
}

async function findEnd(
  archive: Archive,
  ref: SubmissionRef,
  kinds: ReadonlySet<ListedRecord['kind']>,
): Promise<SubmissionResult | undefined> {
  if (kinds.has('amendment')) return archive.findAmendment(ref);
  return kinds.has('decision') ? archive.findDecision(ref) : archive.findResult(ref);
}

/** A charge comes between the hold and the end. */
function placeOf({ generationId, reservation, settledAt }: SubmissionResult, month: string): Purchase['place'] {
  const held = reservation.periods.map((period) => /:month:(\d{4}-\d\d)$/.exec(period)?.[1]).find((found) => found !== undefined);
  const begun = held ?? new Date(generationIdTime(generationId)).toISOString().slice(0, 7);
  const ended = new Date(settledAt).toISOString().slice(0, 7);
  if (begun === month && ended === month) return 'in';
  return begun === month || ended === month ? 'edge' : 'out';
}
