import { createHash } from 'node:crypto';
import type { RememberedGeneration } from '@darkroom/contracts';
import { outlineOf } from './large-request.ts';
import type { Retention } from './retention.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * What the scripts that make a generation get first, ARGV[1] to ARGV[15]. The digest of the request is that of its text, which
 * is the same from Redis and from S3: whoever enqueues a generation again that was brought back finds the one that he made.
 */
export function generationArguments(
  prefix: string,
  retention: Retention,
  generation: Omit<RememberedGeneration, 'submissions' | 'createdAt'>,
): (string | number)[] {
  const { generationId, tenant, request, imageNanoUsd, deadlineAt, runAt, idempotencyKeyHash, retryOf } = generation;
  const requestJson = JSON.stringify(request);
  return [
    prefix,
    generationId,
    requestJson,
    sha256(requestJson),
    tenant,
    request.numberResults,
    imageNanoUsd,
    deadlineAt ?? '',
    runAt ?? '',
    idempotencyKeyHash ?? '',
    retention.idempotencySeconds,
    retention.recordSeconds,
    request.clientReference ?? '',
    retryOf ?? '',
    outlineOf(request, requestJson),
  ];
}
