import type { RecordedSubmission, RememberedGeneration } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Retention } from './retention.ts';
import { generationArguments } from './generation-arguments.ts';
import { capsKey, generationKey } from './keys.ts';
import { findForgottenScript, restoreScript } from './scripts/restore.ts';

/** Brings back what Redis does not know of a generation. @returns how many of its submissions were changed; 0 when it knows them all. */
export async function restoreGeneration(
  redis: Redis,
  prefix: string,
  retention: Retention,
  generation: RememberedGeneration,
): Promise<number> {
  const { generationId, createdAt, imageNanoUsd, submissions } = generation;
  const reply = await restoreScript.run(redis, generationKey(prefix, generationId), [
    ...generationArguments(prefix, retention, generation),
    createdAt,
    ...submissions.flatMap(({ index, n, failures, sent }) => [
      index,
      n,
      sent?.round ?? 0,
      sent?.firstSentAt ?? '',
      failures,
      sent?.reservation.amountNanoUsd ?? imageNanoUsd,
      sent?.reservation.periods.join(' ') ?? '',
    ]),
  ]);
  return z.coerce.number().parse(reply);
}

/** So many are asked for at once: a script is alone on the server. */
const ASKED_AT_ONCE = 200;

/** The generations of which Redis has forgotten something that S3 knows, each once. */
export async function findForgotten(redis: Redis, prefix: string, recorded: readonly RecordedSubmission[]): Promise<string[]> {
  const forgotten = new Set<string>();
  for (let at = 0; at < recorded.length; at += ASKED_AT_ONCE) {
    const asked = recorded.slice(at, at + ASKED_AT_ONCE);
    const reply = await findForgottenScript.run(redis, capsKey(prefix), [
      prefix,
      ...asked.flatMap(({ generationId, index, n, round, end }) => [generationId, index, n, round, end]),
    ]);
    for (const generationId of z.array(z.string()).parse(reply)) forgotten.add(generationId);
  }
  return [...forgotten];
}
