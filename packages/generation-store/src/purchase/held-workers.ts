import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readTime } from '../connection/read-time.ts';
import { json } from '../corrupt-entry.ts';
import { dryRunChargedKey, heldWorkersKey } from '../keys.ts';

/** Reason of a worker that buys nothing: the provider refuses its account or the dry run, or the answers are not the provider's. */
export const holdKinds = ['account', 'refusing', 'foreign'] as const;
export type HoldKind = (typeof holdKinds)[number];

/** A worker that buys nothing until the provider answers it well. The others go on. */
export interface HeldWorker {
  worker: string;
  kind: HoldKind;
  /** Safe to show. */
  reason: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** Life of a report: a held worker asks again every ten seconds (`maxProbeMs`) and reports itself; a silent one is gone. */
const SILENT_MS = 60_000;

const heldSchema = json
  .pipe(z.object({ kind: z.enum(holdKinds), reason: z.string(), since: z.number().min(0).max(8.64e15), seenAt: z.number() }))
  .optional()
  .catch(undefined);

/** Reports that a worker buys nothing; repeated with each look, or it is forgotten. */
export async function reportHeld(redis: Redis, prefix: string, { worker, ...held }: HeldWorker): Promise<void> {
  await redis.hset(heldWorkersKey(prefix), worker, JSON.stringify({ ...held, seenAt: await readTime(redis) }));
}

/** Reports that a worker buys again, or ends. */
export async function reportFree(redis: Redis, prefix: string, worker: string): Promise<void> {
  await redis.hdel(heldWorkersKey(prefix), worker);
}

/** Returns the workers that buy nothing now, and removes those that ended without a word. */
export async function readHeldWorkers(redis: Redis, prefix: string): Promise<HeldWorker[]> {
  const [now, fields] = await Promise.all([readTime(redis), redis.hgetall(heldWorkersKey(prefix))]);
  const entries = Object.entries(fields).map(([worker, text]) => ({ worker, held: heldSchema.parse(text) }));
  const gone = entries.filter(({ held }) => held === undefined || held.seenAt < now - SILENT_MS);
  if (gone.length > 0) await redis.hdel(heldWorkersKey(prefix), ...gone.map(({ worker }) => worker));
  return entries.flatMap(({ worker, held }) => {
    if (held === undefined || held.seenAt < now - SILENT_MS) return [];
    const { kind, reason, since } = held;
    return [{ worker, kind, reason, since }];
  });
}

/** Records that the provider ran a dry run as a purchase: no process of this Darkroom makes another. */
export async function noteDryRunCharged(redis: Redis, prefix: string): Promise<void> {
  await redis.set(dryRunChargedKey(prefix), '1');
}

/** Returns true if the provider is known to charge for dry runs. */
export async function isDryRunCharged(redis: Redis, prefix: string): Promise<boolean> {
  return (await redis.exists(dryRunChargedKey(prefix))) === 1;
}
