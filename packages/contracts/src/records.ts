import { z } from 'zod';
import { isGenerationId } from './generation-id.ts';
import type { SubmissionRef } from './submission-ref.ts';

/**
 * What S3 remembers. Every object under `records/` is written once and never changed, so that two workers, or one that
 * was frozen and came back, cannot overwrite what happened (docs/decisions/0003-immutable-records.md).
 */

const submissionRef = {
  generationId: z.string().refine(isGenerationId, 'not a UUIDv7'),
  index: z.int().min(0).max(19),
  n: z.int().min(1),
};
const timestamp = z.int().min(0);
const nanoUsd = z.int().min(0);

/** Money held for one submission, and the periods it was held in. */
export const reservationSchema = z.object({
  amountNanoUsd: nanoUsd,
  /** Ledger periods, such as "day:2026-11-22" (UTC, Redis time). */
  periods: z.array(z.string().min(1)),
});
export type Reservation = z.infer<typeof reservationSchema>;

/** `…<index>-<n>.intent.json`: written before the provider can hear of the submission (I1). */
export const intentSchema = z.object({
  version: z.literal(1),
  ...submissionRef,
  taskUUID: z.uuid(),
  /** 0, and one more each time every earlier send was refused in so many words or never left. */
  round: z.int().min(0),
  firstSentAt: timestamp,
  tenant: z.string(),
  /** The number of images of the generation. */
  images: z.int().min(1).max(20),
  createdAt: timestamp,
  deadlineAt: timestamp.optional(),
  /** The time before which it was not to be bought. */
  runAt: timestamp.optional(),
  idempotencyKeyHash: z.string().optional(),
  clientReference: z.string().optional(),
  retryOf: z.string().optional(),
  reservation: reservationSchema,
  /** The request as it was parsed at enqueue; read again through the model's schema. */
  request: z.record(z.string(), z.unknown()),
});
export type Intent = z.infer<typeof intentSchema>;

/** What was verified of the bytes of an image. */
export const verifiedImageSchema = z.object({
  key: z.string().min(1),
  format: z.enum(['JPG', 'PNG', 'WEBP']),
  contentType: z.string(),
  width: z.int().min(1),
  height: z.int().min(1),
  sizeBytes: z.int().min(1),
  sha256: z.string().length(64),
});
export type VerifiedImage = z.infer<typeof verifiedImageSchema>;

export const faultSchema = z.object({
  code: z.string(),
  message: z.string(),
  class: z.string().optional(),
  providerCode: z.string().optional(),
  raw: z.string().optional(),
});

/** How an image came home. */
export const roads = ['upload', 'image-url'] as const;

/** Says whether the facts of a task came with a delivery or are the provider's answer to a question. */
export const factSources = ['delivery', 'provider'] as const;
export type FactSource = (typeof factSources)[number];

/**
 * `…<index>-<n>.result.json`: the end of a submission. `…amendment.json` has the same form and says what came home after the
 * result; `…decision.json` how an operator ended one whose outcome is unknown.
 */
export const resultSchema = z.object({
  version: z.literal(1),
  ...submissionRef,
  taskUUID: z.uuid(),
  status: z.enum(['succeeded', 'failed', 'lost', 'unknown']),
  settledAt: timestamp,
  road: z.enum(roads).optional(),
  image: verifiedImageSchema.optional(),
  seed: z.number().optional(),
  nsfwContent: z.boolean().optional(),
  imageUUID: z.string().optional(),
  /** Source of seed, cost and the like; absent in records of earlier versions, and where the provider told none. A reader of such a version drops it. */
  factsFrom: z.enum(factSources).optional(),
  /** What the provider charged; the reserved amount when it did not say (`costSource`). Absent while unknown. */
  costNanoUsd: nanoUsd.optional(),
  costSource: z.enum(['reported', 'expected', 'none']),
  fault: faultSchema.optional(),
  reservation: reservationSchema,
  /** Key of bytes that were kept although they could not be verified. */
  quarantineKey: z.string().optional(),
});
export type SubmissionResult = z.infer<typeof resultSchema>;

/** Which record it is; its key says so much. */
export interface RecordName extends SubmissionRef {
  kind: 'intent' | 'result' | 'decision' | 'amendment';
  /** Of an intent; 0 for the others. */
  round: number;
}

/** A record as a listing shows it. */
export interface ListedRecord extends RecordName {
  /** When it was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
}
