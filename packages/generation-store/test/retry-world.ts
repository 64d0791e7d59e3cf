import { createGenerationId, defined, knownModels, modelOf, parseGrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import type { NewRetry } from '../src/index.ts';
import { endedForGood, IMAGE_NANO_USD, type World } from './world.ts';

/** A retry of images of an original, or of a retry of it, as the producer prepares it. */
export async function retryOf(world: World, of: string, given: { images?: number[]; reason?: string; generationId?: string } = {}) {
  const old = await world.store.find(of);
  const missing = (old?.images ?? []).filter(({ status }) => status !== 'succeeded').map(({ index }) => index);
  const indexes = given.images ?? (missing.length > 0 ? missing : (old?.images ?? []).map(({ index }) => index));
  const retry: NewRetry = {
    generationId: given.generationId ?? createGenerationId(Date.now()),
    tenant: old?.tenant ?? 'acme',
    request: parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: indexes.length }),
    imageNanoUsd: IMAGE_NANO_USD,
    retryOf: old?.retryOf ?? of,
    replaces: indexes.map((index) => old?.replaces?.[index] ?? index),
    of,
    indexes,
    isAll: given.images === undefined,
    ...defined({ payAgainReason: given.reason }),
  };
  return world.store.retry(retry);
}

export async function made(world: World, of: string, given: Parameters<typeof retryOf>[2] = {}): Promise<string> {
  const receipt = await retryOf(world, of, given);
  if (receipt.kind !== 'created') throw new Error(`the retry was "${receipt.kind}"`);
  return receipt.generationId;
}

export const outlineOf = (numberResults: number) => {
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults });
  return modelOf(knownModels, request).outline(request);
};

export const refOf = (generationId: string, index = 0): SubmissionRef => ({ generationId, index, n: 1 });

/** A generation whose images ended so. "open" was sent and has not ended. */
export async function endedAs(world: World, ...ends: ('succeeded' | 'failed' | 'lost' | 'unknown' | 'open')[]): Promise<string> {
  const refs = await world.enqueue(ends.length);
  await Promise.all(refs.map((ref, index) => endAs(world, ref, ends[index] ?? 'open')));
  return refs[0].generationId;
}

export async function endAs(world: World, ref: SubmissionRef, end: 'succeeded' | 'failed' | 'lost' | 'unknown' | 'open'): Promise<void> {
  await world.send(ref);
  if (end !== 'open') await world.store.settle(ref, endedForGood(ref, end));
}

/** An original with two failed images, and its retry, whose images failed too. */
export async function failedTwice(world: World): Promise<{ original: string; first: string }> {
  const original = await endedAs(world, 'failed', 'failed');
  const first = await made(world, original);
  await endAs(world, refOf(first, 0), 'failed');
  await endAs(world, refOf(first, 1), 'failed');
  return { original, first };
}
