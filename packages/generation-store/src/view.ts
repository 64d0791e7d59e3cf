import {
  formatUsd,
  parseStoredGrokImagineRequest,
  resultSchema,
  taskUuidOf,
  type ErrorCode,
  type FoundSubmission,
  type GenerationView,
  type ImageStatus,
  type ImageView,
  type VerifiedImage,
} from '@darkroom/contracts';
import { z } from 'zod';

import { fieldsOf, flatHashSchema, generationFieldsSchema, submissionFieldsSchema, type SubmissionFields } from './submission-fields.ts';

const replySchema = z.tuple([flatHashSchema, z.array(z.tuple([z.number(), z.number(), flatHashSchema]))]);
const imageStatusSchema = z.enum(['open', 'succeeded', 'failed', 'lost', 'unknown']);

interface NumberedSubmission {
  n: number;
  fields: SubmissionFields;
}

/** Makes the caller's view out of the reply of `readGenerationScript`. */
export function parseGenerationView(generationId: string, reply: unknown): GenerationView {
  const [flat, rows] = replySchema.parse(reply);
  const hash = fieldsOf(flat);
  const submissions = rows.map(([index, n, row]) => ({ index, n, fields: submissionFieldsSchema.parse(fieldsOf(row)) }));
  const generation = generationFieldsSchema.parse(hash);
  const images = Array.from({ length: generation.images }, (_, index) =>
    imageView(
      { generationId, index },
      imageStatusSchema.parse(hash[`image:${index}`]),
      Number(hash[`winner:${index}`] ?? 0),
      submissions.filter((submission) => submission.index === index),
    ),
  );
  const reserved = submissions.reduce((sum, { fields: { held, reserved: amount } }) => sum + (held ? amount : 0), 0);
  return {
    generationId,
    status: generation.status,
    tenant: generation.tenant,
    request: parseStoredGrokImagineRequest(generation.request),
    images,
    costUsd: formatUsd(generation.cost),
    reservedUsd: formatUsd(reserved),
    createdAt: generation.createdAt,
    amended: generation.amended === '1',
    ...(generation.finishedAt === undefined ? {} : { finishedAt: generation.finishedAt }),
    ...(generation.deadlineAt === undefined ? {} : { deadlineAt: generation.deadlineAt }),
    ...(generation.runAt === undefined ? {} : { runAt: generation.runAt }),
    ...(generation.clientReference === undefined ? {} : { clientReference: generation.clientReference }),
    ...(generation.retryOf === undefined ? {} : { retryOf: generation.retryOf }),
  };
}

/** All submissions, out of the same reply. */
export function parseFoundSubmissions(generationId: string, reply: unknown): FoundSubmission[] {
  const [, rows] = replySchema.parse(reply);
  return rows.map(([index, n, row]) => {
    const { status, firstSentAt } = submissionFieldsSchema.parse(fieldsOf(row));
    return { generationId, index, n, status, ...(firstSentAt === undefined ? {} : { firstSentAt }) };
  });
}

const resultOf = ({ fields }: NumberedSubmission) =>
  fields.result === undefined ? undefined : resultSchema.parse(JSON.parse(fields.result));

function imageView(
  { generationId, index }: { generationId: string; index: number },
  status: ImageStatus,
  winner: number,
  submissions: NumberedSubmission[],
): ImageView {
  const newest = submissions.at(-1);
  if (newest === undefined) throw new RangeError(`image ${index} has no submission`);
  const shown = submissions.find(({ n }) => n === winner) ?? newest;
  const result = resultOf(shown);
  const extras = submissions
    .filter((submission) => submission.n !== winner && submission.fields.status === 'succeeded')
    .map((submission) => resultOf(submission)?.image)
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
    ...(status === 'succeeded' && result?.image !== undefined ? { image: result.image } : {}),
    ...(result?.imageUUID === undefined ? {} : { imageUUID: result.imageUUID }),
    ...(result?.seed === undefined ? {} : { seed: result.seed }),
    ...(result?.nsfwContent === undefined ? {} : { nsfwContent: result.nsfwContent }),
    ...(result?.road === undefined ? {} : { road: result.road }),
    ...(status !== 'succeeded' && code !== undefined && code !== '' ? { fault: { code, message: result?.fault?.message ?? '' } } : {}),
    ...(shown.fields.settledAt === undefined ? {} : { settledAt: shown.fields.settledAt }),
  };
}
