import type { ListedRecord, SubmissionRef } from '@darkroom/contracts';
import type { ListingOptions } from '@darkroom/object-storage';
import type { ReconcileArchive } from './ports.ts';

/** State of one submission in S3, by names alone. */
export interface StoredSubmission {
  ref: SubmissionRef;
  /** Round of the newest intent; absent without one. */
  round?: number;
  hasResult: boolean;
  /** Time at which the record of its end was written, in milliseconds since 1970, by the clock of S3; absent without one. */
  resultWrittenAt?: number;
  hasDecision: boolean;
  hasAmendment: boolean;
  /** Time at which its image was written, in milliseconds since 1970, by the clock of S3; absent without one. */
  imageWrittenAt?: number;
}

export interface StoredGeneration {
  generationId: string;
  submissions: StoredSubmission[];
}

type StoredImage = SubmissionRef & { writtenAt: number };

/** Yields the state in S3 of the generations of one day, in the order of their ids, from two listings side by side. */
export async function* listStoredGenerations(
  archive: Pick<ReconcileArchive, 'listRecordsOfDate' | 'listImagesOfDate'>,
  date: string,
  options: ListingOptions = {},
): AsyncGenerator<StoredGeneration, void, undefined> {
  const records = groups(archive.listRecordsOfDate(date, options));
  const images = groups(archive.listImagesOfDate(date, options));
  let record = await records.next();
  let image = await images.next();
  while (record.done !== true || image.done !== true) {
    const recordId = record.done === true ? undefined : record.value.generationId;
    const imageId = image.done === true ? undefined : image.value.generationId;
    const generationId = [recordId, imageId].filter((id) => id !== undefined).toSorted()[0] ?? '';
    yield join(
      generationId,
      record.done !== true && recordId === generationId ? record.value.all : [],
      image.done !== true && imageId === generationId ? image.value.all : [],
    );
    if (recordId === generationId) record = await records.next();
    if (imageId === generationId) image = await images.next();
  }
}

/** Returns the present state of one generation in S3. */
export async function findStoredGeneration(
  archive: Pick<ReconcileArchive, 'listRecordsOf' | 'listImagesOf'>,
  generationId: string,
): Promise<StoredGeneration> {
  // The record of an end is written after its image: read first, it may be missed, and the image not.
  const images = await archive.listImagesOf(generationId);
  return join(generationId, await archive.listRecordsOf(generationId), images);
}

/** Joins consecutive items of the same generation. */
async function* groups<T extends SubmissionRef>(
  all: AsyncIterable<T>,
): AsyncGenerator<{ generationId: string; all: T[] }, void, undefined> {
  let group: { generationId: string; all: T[] } | undefined;
  for await (const each of all) {
    if (group !== undefined && group.generationId !== each.generationId) {
      yield group;
      group = undefined;
    }
    group ??= { generationId: each.generationId, all: [] };
    group.all.push(each);
  }
  if (group !== undefined) yield group;
}

function join(generationId: string, records: readonly ListedRecord[], images: readonly StoredImage[]): StoredGeneration {
  const submissions = new Map<string, StoredSubmission>();
  const submissionOf = ({ index, n }: SubmissionRef): StoredSubmission => {
    const name = `${index}-${n}`;
    const known = submissions.get(name) ?? { ref: { generationId, index, n }, hasResult: false, hasDecision: false, hasAmendment: false };
    submissions.set(name, known);
    return known;
  };
  for (const { kind, round, writtenAt, ...ref } of records) {
    const submission = submissionOf(ref);
    if (kind === 'intent') submission.round = Math.max(submission.round ?? 0, round);
    if (kind === 'result') {
      submission.hasResult = true;
      submission.resultWrittenAt = writtenAt;
    }
    if (kind === 'decision') submission.hasDecision = true;
    if (kind === 'amendment') submission.hasAmendment = true;
  }
  for (const { writtenAt, ...ref } of images) submissionOf(ref).imageWrittenAt = writtenAt;
  return { generationId, submissions: [...submissions.values()] };
}
