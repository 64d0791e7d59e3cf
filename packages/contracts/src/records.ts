import { z } from 'zod';
import { isGenerationId } from './generation-id.ts';
import { priorities } from './labels.ts';
import { findDimensions } from './models/dimensions.ts';
import { outputFormats } from './models/output-format.ts';
import { parseStoredRequest, type StoredRequest } from './models/stored-request.ts';
import { requestWebhookSchema } from './notifications/endpoint.ts';
import type { SubmissionRef } from './submission-ref.ts';

/**
 * The records in S3. Every object under `records/` is written once and never changed, so that neither a second worker nor one that
 * was frozen and came back can overwrite history (docs/decisions/0003-immutable-records.md).
 */

const submissionRef = {
  generationId: z.string().refine(isGenerationId, 'not a UUIDv7'),
  index: z.int().min(0).max(19),
  n: z.int().min(1),
};
const timestamp = z.int().min(0);
const nanoUsd = z.int().min(0);

/** Money held for one submission, and the periods that hold it. */
const reservationSchema = z.object({
  amountNanoUsd: nanoUsd,
  /** Ledger periods, such as "all:day:2026-11-22" (UTC, Redis time). */
  periods: z.array(z.string().min(1)),
});
export type Reservation = z.infer<typeof reservationSchema>;

/** Fields of every intent. */
const intentFields = {
  ...submissionRef,
  taskUUID: z.uuid(),
  /** 0, plus one each time every earlier send was explicitly refused or never left. */
  round: z.int().min(0),
  firstSentAt: timestamp,
  tenant: z.string(),
  /** Number of images of the generation. */
  images: z.int().min(1).max(20),
  createdAt: timestamp,
  deadlineAt: timestamp.optional(),
  /** Earliest time of purchase. */
  runAt: timestamp.optional(),
  idempotencyKeyHash: z.string().optional(),
  clientReference: z.string().optional(),
  /** The generation whose images a retry replaces; never itself a retry. */
  retryOf: z.string().optional(),
  /** Indexes there, in the order of the retry's own images. */
  replaces: z.array(z.int().min(0).max(19)).optional(),
  /** The caller accepts that an image may be paid for again. Stands with the reason. */
  mayPayAgain: z.literal(true).optional(),
  reason: z.string().optional(),
  /** Absent for a normal one. */
  priority: z.enum(priorities).optional(),
  /** Images that the content check does not clear are withheld. */
  withholdFlagged: z.literal(true).optional(),
  reservation: reservationSchema,
};

/** An intent of an earlier version, which kept the whole request in it: always one of Runware's Grok Imagine Image. This version only reads it. */
const earlierIntentSchema = z.object({
  version: z.literal(1),
  ...intentFields,
  /** The request as parsed at enqueue; read again through the model's schema. */
  request: z.record(z.string(), z.unknown()),
});

/** A request without its personal parts, or a whole one. */
const storedRequestSchema = z.record(z.string(), z.unknown()).transform((request, context): StoredRequest => {
  try {
    return parseStoredRequest(request);
  } catch {
    context.addIssue({ code: 'custom', message: 'is no request of ours' });
    return z.NEVER;
  }
});

/** Holds nothing personal: prompt and reference images lie in the object of the request alone, which may be erased. */
const presentIntentSchema = z.object({
  version: z.literal(2),
  ...intentFields,
  provider: z.string().min(1),
  model: z.string().min(1),
  outputFormat: z.enum(outputFormats),
  /** The sizes that the image may have, in the words of `formatDimensions`. */
  dimensions: z.string().refine((text) => findDimensions(text) !== undefined, 'are no dimensions'),
  /** The request with an empty prompt and without reference images. */
  outline: storedRequestSchema,
  /** SHA-256 of salt and request. The salt lies in the object of the request, so that no guess can be confirmed once that is erased. */
  requestDigest: z.string().regex(/^[0-9a-f]{64}$/),
});

/** `…<index>-<n>.intent.json`: written before the provider can hear of the submission (I1). */
export const intentSchema = z.discriminatedUnion('version', [earlierIntentSchema, presentIntentSchema]);
export type Intent = z.infer<typeof intentSchema>;
/** An intent as this version writes it. */
export type PresentIntent = z.infer<typeof presentIntentSchema>;

/**
 * `requests/<date>/<generationId>.json`: the request of a generation, written once before its first intent. Everything personal of a
 * generation lies here and nowhere else in S3.
 */
const keptRequestSchema = z.object({
  version: z.literal(1),
  generationId: submissionRef.generationId,
  provider: z.string().min(1),
  model: z.string().min(1),
  /** Random; makes `requestDigest` of the intents. */
  salt: z.string().min(16),
  request: storedRequestSchema,
  /** As in the intents: an erasure finds by it what Redis has let go of. Absent, like the time, in requests of earlier versions. */
  tenant: z.string().optional(),
  createdAt: timestamp.optional(),
  tags: z.array(z.string()).readonly().optional(),
  metadata: z.record(z.string(), z.string()).readonly().optional(),
  webhook: requestWebhookSchema.optional(),
});
export type KeptRequest = z.infer<typeof keptRequestSchema>;

/** Stands in place of a request that was erased, and is never deleted. */
const tombstoneSchema = z.object({
  version: z.literal(1),
  generationId: submissionRef.generationId,
  erasedAt: timestamp,
  /** The request went by its age, and the images may stay longer. A reader of an earlier version drops it. */
  keepsImages: z.literal(true).optional(),
});

/** An object of `requests/`. */
export const requestObjectSchema = z.union([tombstoneSchema, keptRequestSchema]);

/** Verified properties of the bytes of an image. An interface of its own, so that callers' declarations do not name zod. */
export interface VerifiedImage {
  /** Key in the bucket, such as "images/2026/11/29/…/0-1.jpg". */
  key: string;
  format: 'JPG' | 'PNG' | 'WEBP';
  /** MIME type, such as "image/jpeg". */
  contentType: string;
  /** In pixels, as `height`. */
  width: number;
  height: number;
  sizeBytes: number;
  /** SHA-256 of the bytes, as 64 hexadecimal digits. */
  sha256: string;
}

export const verifiedImageSchema = z.object({
  key: z.string().min(1),
  format: z.enum(['JPG', 'PNG', 'WEBP']),
  contentType: z.string(),
  width: z.int().min(1),
  height: z.int().min(1),
  sizeBytes: z.int().min(1),
  sha256: z.string().length(64),
}) satisfies z.ZodType<VerifiedImage>;

export const faultSchema = z.object({
  code: z.string(),
  message: z.string(),
  class: z.string().optional(),
  providerCode: z.string().optional(),
  raw: z.string().optional(),
});

/** Ways by which an image arrives. */
export const roads = ['upload', 'image-url'] as const;

/** Sources of the facts of a task: a delivery, or the provider's answer to a question. */
export const factSources = ['delivery', 'provider'] as const;
export type FactSource = (typeof factSources)[number];

/**
 * `…<index>-<n>.result.json`: the end of a submission. `…amendment.json` has the same form and records an image that arrived after
 * the result; `…decision.json` records how an operator ended a submission with an unknown outcome.
 */
export const resultSchema = z.object({
  version: z.literal(1),
  ...submissionRef,
  taskUUID: z.uuid(),
  /** Absent, like the model, in records of earlier versions (`earlierOrigin`). */
  provider: z.string().optional(),
  model: z.string().optional(),
  status: z.enum(['succeeded', 'failed', 'lost', 'unknown']),
  settledAt: timestamp,
  road: z.enum(roads).optional(),
  image: verifiedImageSchema.optional(),
  seed: z.number().optional(),
  nsfwContent: z.boolean().optional(),
  imageUUID: z.string().optional(),
  /**
   * Source of seed, cost and the other facts. Absent in records of earlier versions, and if the provider reported none. A reader of an
   * earlier version drops it.
   */
  factsFrom: z.enum(factSources).optional(),
  /** The provider's charge, or the held amount if the provider did not report it (`costSource`). Absent while unknown. */
  costNanoUsd: nanoUsd.optional(),
  costSource: z.enum(['reported', 'expected', 'none']),
  fault: faultSchema.optional(),
  reservation: reservationSchema,
  /** Key of bytes kept although they could not be verified. */
  quarantineKey: z.string().optional(),
});
export type SubmissionResult = z.infer<typeof resultSchema>;

/** Identity of a record, as its key spells it. */
export interface RecordName extends SubmissionRef {
  kind: 'intent' | 'result' | 'decision' | 'amendment';
  /** Round of an intent; 0 for the others. */
  round: number;
}

/** A record in a listing. */
export interface ListedRecord extends RecordName {
  /** Time of its write by the clock of S3, in milliseconds since 1970. */
  writtenAt: number;
}
