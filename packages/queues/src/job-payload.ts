import { isGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { z } from 'zod';

/**
 * Content of a job: its submission, and the version of this form. Never the request: nothing to redact, small when parked, and a new worker
 * can read an old job.
 */
export const jobPayloadSchema = z.object({
  version: z.literal(1),
  generationId: z.string().refine(isGenerationId, 'not a UUIDv7'),
  index: z.int().min(0),
  n: z.int().min(1),
});
export type JobPayload = z.infer<typeof jobPayloadSchema>;

/** Reads the payload of a job. @throws z.ZodError for a foreign payload. */
export function parseJobPayload(data: unknown): SubmissionRef {
  const { generationId, index, n } = jobPayloadSchema.parse(data);
  return { generationId, index, n };
}

export const buildJobPayload = ({ generationId, index, n }: SubmissionRef): JobPayload => ({ version: 1, generationId, index, n });

/** Returns the id of the jobs of a submission, the same in every queue. */
export const jobIdOf = (ref: SubmissionRef): string => taskUuidOf(ref);
