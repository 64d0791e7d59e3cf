import { submissionStatuses } from '@darkroom/contracts';
import { z } from 'zod';

/** The flat reply of HGETALL. */
export const flatHashSchema = z.array(z.string());

/** Turns the flat reply of HGETALL into an object. */
export function fieldsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
  return fields;
}

const number = z.coerce.number();
const json = z.string().transform((text): unknown => JSON.parse(text));

const factsSchema = json.pipe(
  z.object({
    imageUUID: z.string().optional(),
    imageURL: z.string().optional(),
    seed: z.number().optional(),
    costNanoUsd: z.number().optional(),
    nsfwContent: z.boolean().optional(),
  }),
);

/** A submission as its hash in Redis has it. */
export const submissionFieldsSchema = z.object({
  status: z.enum(submissionStatuses),
  sends: number,
  round: number,
  failures: number,
  deliverySeq: number,
  deliveredAt: number.optional(),
  settlements: number.default(0),
  firstSentAt: number.optional(),
  succeededSeenAt: number.optional(),
  facts: factsSchema.optional(),
  code: z.string().optional(),
  result: z.string().optional(),
  settled: number.default(0),
  settledAt: number.optional(),
  reserved: number,
  /** Whether its money is held now; "due" is held by the commit. */
  held: z.enum(['0', '1', 'due']).transform((held) => held === '1'),
  periods: z.string().transform((names) => names.split(' ').filter((name) => name !== '')),
});
export type SubmissionFields = z.infer<typeof submissionFieldsSchema>;

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));
const optionalNumber = optionalText.transform((text) => (text === undefined ? undefined : Number(text)));

/** A generation as its hash in Redis has it, less the images, which are fields of their own ("image:<index>"). */
export const generationFieldsSchema = z.object({
  status: z.enum(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'expired']),
  request: json,
  tenant: z.string(),
  images: number,
  createdAt: number,
  finishedAt: number.optional(),
  deadlineAt: optionalNumber,
  runAt: optionalNumber,
  idempotencyDigest: optionalText,
  clientReference: z.string().optional(),
  retryOf: z.string().optional(),
  cost: number,
  amended: z.string().optional(),
});
