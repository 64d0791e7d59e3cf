import { priorities, requestWebhookSchema, resultSchema, submissionStatuses, verifiedImageSchema } from '@darkroom/contracts';
import { z } from 'zod';
import { json, whole } from './corrupt-entry.ts';
import { entryOutline, storedRequest } from './enqueue/kept-request.ts';
import { hashFields } from './lua/named.ts';

const factsSchema = json.pipe(
  z.object({
    imageUUID: z.string().optional(),
    imageURL: z.string().optional(),
    seed: z.number().optional(),
    costNanoUsd: z.number().optional(),
    nsfwContent: z.boolean().optional(),
  }),
);

/** Facts as a delivery told them. Unreadable ones count as none: the provider is asked. */
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

/** The end of a submission. */
export const storedResult = json.pipe(resultSchema);

/** Tags and metadata beside the request. Unreadable ones are not shown. */
export const storedTags = json.pipe(z.array(z.string())).optional().catch(undefined);
/** Receiver beside the request. An unreadable one counts as none. */
export const storedWebhook = json.pipe(requestWebhookSchema).optional().catch(undefined);
export const storedMetadata = json.pipe(z.record(z.string(), z.string())).optional().catch(undefined);

/** The last question after a delivery: "<number of the delivery> <time> <ms until the next question>". An unreadable one counts as none. */
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
  /** Failed sends while others were accepted; an unreadable count begins anew. */
  strikes: whole.catch(0).default(0),
  firstSentAt: whole.optional(),
  succeededSeenAt: whole.optional(),
  missingAt: whole.optional(),
  conflictAt: z.string().optional(),
  quarantineKey: z.string().optional(),
  /** An unreadable value is asked for again. */
  facts: factsSchema.optional().catch(undefined),
  told: toldSchema.optional().catch('unclear'),
  toldAt: whole.optional().catch(undefined),
  /** Counts of questions; an unreadable one begins anew. */
  polls: whole.catch(0).default(0),
  looks: whole.catch(0).default(0),
  /** An unreadable value is looked for in S3. */
  image: json.pipe(verifiedImageSchema).optional().catch(undefined),
  code: z.string().optional(),
  result: z.string().optional(),
  settled: whole.default(0),
  settledAt: whole.optional(),
  reserved: whole,
  /** State of its hold; "due" is held by the commit. */
  held: z.enum(['0', '1', 'due']).transform((held) => held === '1'),
  periods: z.string().transform((names) => names.split(' ').filter((name) => name !== '')),
});
export type SubmissionFields = z.infer<typeof submissionFieldsSchema>;

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));
const optionalWhole = z.union([z.literal('').transform(() => undefined), whole]).optional();

/** Indexes of images, with a blank between two. */
export const storedIndexes = z
  .string()
  .optional()
  .transform((indexes) => indexes?.split(' ').map(Number));

/** Marks a generation whose images are withheld unless the content check clears them. An unreadable mark withholds, too. */
export const storedWithholding = z
  .string()
  .optional()
  .transform((given) => (given === undefined ? undefined : (true as const)));

const generationFields = z.object({
  status: z.enum(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'expired']),
  /** The whole request; earlier versions write it, and this one does not. */
  request: storedRequest.optional(),
  requestDigest: z.string().optional(),
  tenant: z.string(),
  images: whole,
  createdAt: whole,
  finishedAt: whole.optional(),
  deadlineAt: optionalWhole,
  runAt: optionalWhole,
  idempotencyDigest: optionalText,
  clientReference: z.string().optional(),
  retryOf: z.string().optional(),
  replaces: storedIndexes,
  priority: z.enum(priorities).optional().catch(undefined),
  withholdFlagged: storedWithholding,
  erasedAt: whole.optional().catch(undefined),
  /** Set if the request alone was erased. */
  keepsImages: z.string().optional(),
  traceparent: z.string().optional(),
  cost: whole,
  amended: z.string().optional(),
});

/** A generation as its hash in Redis has it, without the images, which are separate fields ("image:<index>"). */
export const generationFieldsSchema = hashFields.transform((hash, context) => {
  const [fields, outline] = [generationFields.safeParse(hash), entryOutline.safeParse(hash)];
  for (const { path, message } of [...(fields.error?.issues ?? []), ...(outline.error?.issues ?? [])])
    context.addIssue({ code: 'custom', path, message });
  return fields.success && outline.success ? { ...fields.data, outline: outline.data } : z.NEVER;
});
