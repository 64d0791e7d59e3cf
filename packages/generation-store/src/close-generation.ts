import { generationStatuses, type GenerationStatus } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { READING, unread } from './find-generation.ts';
import { generationKey } from './keys.ts';
import { closeScript } from './scripts/generations.ts';

/** Ends a generation before its images. @returns its status; undefined when there is no entry of it. */
export async function closeGeneration(
  redis: Redis,
  prefix: string,
  generationId: string,
  status: 'cancelled' | 'expired',
): Promise<GenerationStatus | undefined> {
  const reply = await closeScript.run(redis, generationKey(prefix, generationId), [prefix, generationId, status]);
  if (reply === READING) throw unread(generationId);
  return z.enum(generationStatuses).nullable().parse(reply) ?? undefined;
}
