import {
  InvalidRequestError,
  parseStoredGrokImagineRequest,
  resultSchema,
  submissionStatuses,
  verifiedImageSchema,
  type GrokImagineRequest,
} from '@darkroom/contracts';
import { z } from 'zod';
import { json, whole } from './corrupt-entry.ts';

/** The flat reply of HGETALL. */
export const flatHashSchema = z.array(z.string());

/** Turns the flat reply of HGETALL into an object. */
export function fieldsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
  return fields;
}

const factsSchema = json.pipe(
  z.object({
    imageUUID: z.string().optional(),
    imageURL: z.string().optional(),
    seed: z.number().optional(),
    costNanoUsd: z.number().optional(),
    nsfwContent: z.boolean().optional(),
  }),
);

/** Facts as a delivery told them. What cannot be read is as good as nothing: the provider is asked. */
const toldSchema = z.union([
  z.literal('unclear'),
  json.pipe(
    z.object({
      seed: z.int().min(0),
      costNanoUsd: z.int().min(0),
      imageUUID: z.string().optional(),
      imageURL: z.string().optional(),
      nsfwContent: z.boolean().optional(),
    }),
  ),
]);

/** A request as it was kept at enqueue. */
export const storedRequest = json.transform((value, context): GrokImagineRequest => {
  try {
    return parseStoredGrokImagineRequest(value);
  } catch (error) {
    const paths = error instanceof InvalidRequestError ? error.problems.map(({ path }) => path) : [];
    context.addIssue({ code: 'custom', message: `is no request of ours (${paths.join(', ')})` });
    return z.NEVER;
  }
});

/** How a submission ended. */
export const storedResult = json.pipe(resultSchema);

/** The last question after a delivery: "<number of the delivery> <time> <ms until the next question>". What cannot be read is as good as none. */
const askedSchema = z
  .string()
  .regex(/^\d{1,15} \d{1,15} \d{1,15}$/)
  .transform((text) => {
    const [seq = 0, at = 0, againInMs = 0] = text.split(' ').map(Number);
    return { seq, at, againInMs };
  });

/** A submission as its hash in Redis has it. */
export const submissionFieldsSchema = z.object({
  status: z.enum(submissionStatuses),
  sends: whole,
  round: whole,
  failures: whole,
  deliverySeq: whole,
  deliveredAt: whole.optional(),
  asked: askedSchema.optional().catch(undefined),
  settlements: whole.default(0),
  /** Sends that came to nothing while others were taken; a count that cannot be read begins anew. */
  strikes: whole.catch(0).default(0),
  firstSentAt: whole.optional(),
  succeededSeenAt: whole.optional(),
  missingAt: whole.optional(),
  conflictAt: z.string().optional(),
  quarantineKey: z.string().optional(),
  /** What cannot be read is asked for again. */
  facts: factsSchema.optional().catch(undefined),
  told: toldSchema.optional().catch('unclear'),
  toldAt: whole.optional().catch(undefined),
  /** Counts of questions; one that cannot be read begins anew. */
  polls: whole.catch(0).default(0),
  looks: whole.catch(0).default(0),
  /** What cannot be read is looked for in S3. */
  image: json.pipe(verifiedImageSchema).optional().catch(undefined),
  code: z.string().optional(),
  result: z.string().optional(),
  settled: whole.default(0),
  settledAt: whole.optional(),
  reserved: whole,
  /** Whether its money is held now; "due" is held by the commit. */
  held: z.enum(['0', '1', 'due']).transform((held) => held === '1'),
  periods: z.string().transform((names) => names.split(' ').filter((name) => name !== '')),
});
export type SubmissionFields = z.infer<typeof submissionFieldsSchema>;

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));
const optionalWhole = z.union([z.literal('').transform(() => undefined), whole]).optional();

const generationFields = z.object({
  status: z.enum(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'expired']),
  request: storedRequest.optional(),
  /** Stands in the place of a request that lies apart. */
  outline: storedRequest.optional(),
  tenant: z.string(),
  images: whole,
  createdAt: whole,
  finishedAt: whole.optional(),
  deadlineAt: optionalWhole,
  runAt: optionalWhole,
  idempotencyDigest: optionalText,
  clientReference: z.string().optional(),
  retryOf: z.string().optional(),
  cost: whole,
  amended: z.string().optional(),
});

/**
 * A generation as its hash in Redis has it, less the images, which are fields of their own ("image:<index>"). The request of a large
 * order is its outline (enqueue/large-request.ts): without prompt and reference images.
 */
export const generationFieldsSchema = generationFields.transform(({ outline, request = outline, ...fields }, context) => {
  if (request !== undefined) return { ...fields, request };
  context.addIssue({ code: 'custom', path: ['request'], message: 'is missing' });
  return z.NEVER;
});
