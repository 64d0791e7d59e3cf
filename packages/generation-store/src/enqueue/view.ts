import {
  defined,
  errorCodes,
  formatUsd,
  taskUuidOf,
  type ErrorCode,
  type GenerationView,
  type ModelRequest,
  type ImageStatus,
  type ImageView,
  type StoredRequest,
  type SubmissionResult,
  type VerifiedImage,
} from '@darkroom/contracts';
import { z } from 'zod';
import { parseEntry } from '../corrupt-entry.ts';
import {
  generationFieldsSchema,
  storedMetadata,
  storedResult,
  storedTags,
  submissionFieldsSchema,
  type SubmissionFields,
} from '../entry-fields.ts';
import { generationKey, requestKey, submissionKey } from '../keys.ts';
import { hashReply, namedReply, number } from '../lua/named.ts';
import { queuePlaceReply } from './queue-place.ts';
import type { FoundSubmission } from '../recovery/remembered.ts';
import { REQUEST_GONE, storedRequest } from './kept-request.ts';

const replySchema = namedReply(
  z.object({
    request: z.string().optional(),
    generation: hashReply,
    submissions: z.array(namedReply(z.object({ index: number, n: number, fields: hashReply }))),
    tags: storedTags,
    metadata: storedMetadata,
    queue: queuePlaceReply.optional(),
    revision: number,
  }),
);
const imageStatusSchema = z.enum(['open', 'succeeded', 'failed', 'lost', 'unknown']);

interface NumberedSubmission {
  index: number;
  n: number;
  fields: SubmissionFields;
  result?: SubmissionResult;
}

/**
 * Builds the caller's view from the reply of `readGenerationScript`. A request that is gone is shown by its outline.
 * @param knownRequest Its request, if the reply does not have it.
 */
export function parseGenerationView(prefix: string, generationId: string, reply: unknown, knownRequest?: StoredRequest): GenerationView {
  const { generation: hash, submissions: rows, request: requestJson, tags, metadata, queue, revision } = replySchema.parse(reply);
  const submissions = rows.map(({ index, n, fields: row }): NumberedSubmission => {
    const key = submissionKey(prefix, { generationId, index, n });
    const fields = parseEntry(key, submissionFieldsSchema, row);
    const result = fields.result === undefined ? undefined : parseEntry(key, storedResult, fields.result);
    return { index, n, fields, ...defined({ result }) };
  });
  const key = generationKey(prefix, generationId);
  const generation = parseEntry(key, generationFieldsSchema, hash);
  const isGone = generation.requestDigest === REQUEST_GONE;
  const request =
    knownRequest ??
    (isGone
      ? generation.outline.request
      : (generation.request ?? parseEntry(requestKey(prefix, generationId), storedRequest, requestJson ?? '')));
  const images = Array.from({ length: generation.images }, (_, index) =>
    imageView(
      { generationId, index },
      parseEntry(key, imageStatusSchema, hash[`image:${index}`]),
      Number(hash[`winner:${index}`] ?? 0),
      submissions.filter((submission) => submission.index === index),
      generation.withholdFlagged === true ? (n) => hash[`released:${index}-${n}`] !== undefined : undefined,
    ),
  );
  const reserved = submissions.reduce((sum, { fields: { held, reserved: amount } }) => sum + (held ? amount : 0), 0);
  return {
    generationId,
    revision,
    status: generation.status,
    provider: generation.outline.provider,
    model: generation.outline.model,
    tenant: generation.tenant,
    request: request as ModelRequest, // as a model of this version wrote it
    images,
    costUsd: formatUsd(generation.cost),
    reservedUsd: formatUsd(reserved),
    createdAt: generation.createdAt,
    amended: generation.amended === '1',
    ...defined({
      requestErasedAt: generation.keepsImages !== undefined ? generation.erasedAt : undefined,
      finishedAt: generation.finishedAt,
      deadlineAt: generation.deadlineAt,
      runAt: generation.runAt,
      clientReference: generation.clientReference,
      retryOf: generation.retryOf,
      replaces: generation.replaces,
      priority: generation.priority,
      withholdFlagged: generation.withholdFlagged,
      traceparent: generation.traceparent,
      tags,
      metadata,
      queue,
    }),
  };
}

/** Returns all submissions of the same reply. */
export function parseFoundSubmissions(prefix: string, generationId: string, reply: unknown): FoundSubmission[] {
  return replySchema.parse(reply).submissions.map(({ index, n, fields }) => {
    const key = submissionKey(prefix, { generationId, index, n });
    const { status, firstSentAt } = parseEntry(key, submissionFieldsSchema, fields);
    return { generationId, index, n, status, ...defined({ firstSentAt }) };
  });
}

function imageView(
  { generationId, index }: { generationId: string; index: number },
  status: ImageStatus,
  winner: number,
  submissions: NumberedSubmission[],
  isReleased?: (n: number) => boolean,
): ImageView {
  const newest = submissions.at(-1);
  if (newest === undefined) throw new RangeError(`image ${index} has no submission`);
  const shown = submissions.find(({ n }) => n === winner) ?? newest;
  const { result } = shown;
  // An image of which nothing was told is not cleared.
  const isCleared = (submission: NumberedSubmission): boolean => isReleased === undefined || submission.result?.nsfwContent === false;
  const isWithheld = status === 'succeeded' && !isCleared(shown) && isReleased?.(shown.n) !== true;
  const extras = submissions
    .filter((submission) => submission.n !== winner && submission.fields.status === 'succeeded')
    // an operator releases the image that is shown, and has not seen these
    .filter((submission) => !isWithheld && isCleared(submission))
    .map((submission) => submission.result?.image)
    .filter((image): image is VerifiedImage => image !== undefined);
  const code = shown.fields.code as ErrorCode | '' | undefined; // written by our own scripts from the table of codes
  return {
    index,
    status,
    submissionStatus: newest.fields.status,
    submissions: submissions.length,
    taskUUID: taskUuidOf({ generationId, index, n: shown.n }),
    costUsd: formatUsd(submissions.reduce((sum, { fields }) => sum + fields.settled, 0)),
    extras,
    ...defined({
      image: status === 'succeeded' && !isWithheld ? result?.image : undefined,
      imageUUID: isWithheld ? undefined : result?.imageUUID,
      withheld: isWithheld ? (true as const) : undefined,
      seed: result?.seed,
      nsfwContent: result?.nsfwContent,
      factsFrom: result?.factsFrom,
      road: result?.road,
      fault:
        status !== 'succeeded' && code !== undefined && code !== ''
          ? { code, message: result?.fault?.message ?? meaningOf(code) }
          : undefined,
      settledAt: shown.fields.settledAt,
    }),
  };
}

/** Returns what a code says by itself: an image that was never sent has no other words. */
const meaningOf = (code: string): string => Object.entries<string>(errorCodes).find(([known]) => known === code)?.[1] ?? '';
