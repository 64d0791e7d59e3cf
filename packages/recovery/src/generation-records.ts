import {
  defined,
  formatRef,
  outlineOfIntent,
  StorageError,
  type Intent,
  type ListedRecord,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import type { RememberedGeneration, RememberedSubmission } from '@darkroom/generation-store';
import { consequencesOf } from '@darkroom/purchase';
import type { RecoveryArchive } from './ports.ts';

/** Records in S3 of one submission. */
interface SubmissionRecords {
  ref: SubmissionRef;
  /** Intent of the newest round, with the time of the first send that may have been accepted. */
  intent: Intent;
  result?: SubmissionResult;
  decision?: SubmissionResult;
  amendment?: SubmissionResult;
}

/** Records in S3 of one generation. */
export interface GenerationRecords {
  /** Without its request, which `restoreRecords` reads. */
  generation: RememberedGeneration;
  submissions: readonly SubmissionRecords[];
}

/**
 * Reads the records of a generation; undefined without any. Records are never deleted, so a gap is damage, and nothing is invented to fill
 * it.
 * @param listed Its records, if they were listed before.
 * @throws StorageError: storage.unavailable; storage.corrupt-record for a record that does not parse or is missing among others.
 */
export async function readGenerationRecords(
  archive: RecoveryArchive,
  generationId: string,
  maxSubmissions: number,
  listed?: readonly ListedRecord[],
): Promise<GenerationRecords | undefined> {
  const names = listed ?? (await archive.listRecordsOf(generationId));
  if (names.length === 0) return undefined;
  const submissions = await Promise.all(
    groupBySubmission(names).map(async ({ ref, round, hasResult, hasDecision, hasAmendment }): Promise<SubmissionRecords> => {
      const [intent, result, decision, amendment] = await Promise.all([
        round < 0 ? undefined : archive.findIntent(ref, round),
        hasResult ? archive.findResult(ref) : undefined,
        hasDecision ? archive.findDecision(ref) : undefined,
        hasAmendment ? archive.findAmendment(ref) : undefined,
      ]);
      if (intent === undefined) throw missing(ref);
      return {
        ref,
        intent,
        ...defined({ result, decision, amendment }),
      };
    }),
  );
  return { generation: describeGeneration(generationId, submissions, maxSubmissions), submissions };
}

interface NamedSubmission {
  ref: SubmissionRef;
  /** Round of the newest intent; -1 if there is none. */
  round: number;
  hasResult: boolean;
  hasDecision: boolean;
  hasAmendment: boolean;
}

/** Returns the submissions that records name, in the order of index and n. */
export function groupBySubmission(names: readonly ListedRecord[]): NamedSubmission[] {
  const groups = new Map<string, NamedSubmission>();
  for (const { generationId, index, n, kind, round } of names) {
    const name = `${generationId}/${index}-${n}`;
    const group = groups.get(name) ?? {
      ref: { generationId, index, n },
      round: -1,
      hasResult: false,
      hasDecision: false,
      hasAmendment: false,
    };
    groups.set(name, group);
    if (kind === 'intent') group.round = Math.max(group.round, round);
    if (kind === 'result') group.hasResult = true;
    if (kind === 'decision') group.hasDecision = true;
    if (kind === 'amendment') group.hasAmendment = true;
  }
  return [...groups.values()].sort((a, b) => a.ref.index - b.ref.index || a.ref.n - b.ref.n);
}

function describeGeneration(generationId: string, submissions: readonly SubmissionRecords[], maxSubmissions: number): RememberedGeneration {
  const [{ intent } = { intent: undefined }] = submissions;
  if (intent === undefined) throw missing({ generationId, index: 0, n: 1 });
  const { tenant, images, createdAt, deadlineAt, runAt, idempotencyKeyHash, retryOf, replaces, reason, priority, reservation } = intent;
  // a rule may have come with a later one
  const withholdFlagged = submissions.some((each) => each.intent.withholdFlagged === true) || undefined;
  return {
    generationId,
    tenant,
    outline: readOutline(intent),
    imageNanoUsd: reservation.amountNanoUsd,
    createdAt,
    submissions: Array.from({ length: images }, (_, index) =>
      describeImage(
        generationId,
        index,
        submissions.filter(({ ref }) => ref.index === index),
        maxSubmissions,
      ),
    ).flat(),
    ...defined({ deadlineAt, runAt, idempotencyKeyHash, retryOf, replaces, payAgainReason: reason, priority, withholdFlagged }),
  };
}

function describeImage(
  generationId: string,
  index: number,
  submissions: readonly SubmissionRecords[],
  maxSubmissions: number,
): RememberedSubmission[] {
  if (submissions.length === 0) return [{ index, n: 1, failures: 0 }];
  let failures = 0;
  return submissions.map(({ ref, intent: { round, firstSentAt, reservation }, result }, at) => {
    if (ref.n !== at + 1) throw missing({ generationId, index, n: at + 1 });
    const before = failures;
    if (result !== undefined && consequencesOf(result, maxSubmissions).countsAsFailure) failures += 1;
    return { index, n: ref.n, failures: before, sent: { round, firstSentAt, reservation } };
  });
}

function readOutline(intent: Intent): RememberedGeneration['outline'] {
  try {
    return outlineOfIntent(intent);
  } catch (cause) {
    const { generationId, index, n } = intent;
    throw new StorageError('storage.corrupt-record', `the intent of submission ${formatRef(intent)} holds no request that can be read`, {
      cause,
      reached: 'yes',
      details: { generationId, index, n },
    });
  }
}

const missing = ({ generationId, index, n }: SubmissionRef): StorageError =>
  new StorageError(
    'storage.corrupt-record',
    `generation "${generationId}" cannot be brought back: the intent of its submission ${index}-${n} is missing, and others are there`,
    { reached: 'yes', details: { generationId, index, n } },
  );
