import type { GenerationView, RequestWebhook, StoredRequest } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { passByCorrupt } from '../corrupt-entry.ts';
import { findGeneration } from '../enqueue/find-generation.ts';
import { storedWebhook } from '../entry-fields.ts';
import { requestKey } from '../keys.ts';

/** A generation without its request. */
export type NotifiedGeneration = Omit<GenerationView, 'request'>;

/** Stands for the request, which may be long and which no notification holds. */
const UNREAD = {} as StoredRequest; // the answer leaves it out

/** Reads a generation for a notification; undefined if Redis has none. @throws GenerationError "generation.erased" */
export async function findNotified(redis: Redis, prefix: string, generationId: string): Promise<NotifiedGeneration | undefined> {
  const view = await findGeneration(redis, prefix, generationId, UNREAD);
  if (view === undefined) return undefined;
  const { request: _unread, ...generation } = view;
  return generation;
}

/** Reads the receiver that the request of a generation names. An unreadable one counts as none. */
export const findRequestWebhook = async (redis: Redis, prefix: string, generationId: string): Promise<RequestWebhook | undefined> =>
  storedWebhook.parse((await redis.hget(requestKey(prefix, generationId), 'webhook').catch(passByCorrupt)) ?? undefined);
