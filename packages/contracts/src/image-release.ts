import { z } from 'zod';
import { isGenerationId } from './generation-id.ts';
import type { SubmissionRef } from './submission-ref.ts';

/** Longest reason of a release, in characters. */
export const MAX_RELEASE_REASON = 500;

/** Decision of an operator that a withheld image may be seen. */
export const imageReleaseSchema = z.object({
  /** In words, safe to show. */
  reason: z.string().min(1).max(MAX_RELEASE_REASON),
});

/**
 * Returns the id of a release in keys and records: it names the submission that made the image, so that it never releases another image of
 * the same index.
 */
export const formatReleaseId = ({ generationId, index, n }: SubmissionRef): string => `${generationId}.${index}-${n}`;

/** Reads the id of a release; undefined for another text. */
export function parseReleaseId(id: string): SubmissionRef | undefined {
  const [, generationId = '', index, n] = /^([0-9a-f-]{36})\.(\d{1,2})-(\d{1,9})$/.exec(id) ?? [];
  return isGenerationId(generationId) ? { generationId, index: Number(index), n: Number(n) } : undefined;
}

/**
 * Returns true if a request, as given or as stored, asks for the content check, without which no image is flagged. Of the one model that
 * knows the check either field implies the other.
 */
export function checksContent(request: unknown): boolean {
  const { safety } = Object(request) as { safety?: unknown }; // a caller without types may pass anything
  const { checkContent, mode } = Object(safety) as { checkContent?: unknown; mode?: unknown };
  return checkContent === true || mode === 'fast';
}
