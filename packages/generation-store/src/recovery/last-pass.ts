import type { Redis } from 'ioredis';
import { json } from '../corrupt-entry.ts';
import { lastPassKey, passProgressKey } from '../keys.ts';
import { passProgressSchema, passReportSchema, type PassProgress, type PassReport } from './findings.ts';

/** Keeps what a pass of the reconciler did, in the place of the one before. */
export const recordPass = async (redis: Redis, prefix: string, report: PassReport): Promise<void> =>
  void (await redis.multi().set(lastPassKey(prefix), JSON.stringify(report)).del(passProgressKey(prefix)).exec());

/** What the last pass of the fleet did; undefined before the first one, and for one of another version or none at all. */
export async function findLastPass(redis: Redis, prefix: string): Promise<PassReport | undefined> {
  const report = await redis.get(lastPassKey(prefix));
  return report === null ? undefined : json.pipe(passReportSchema).safeParse(report).data;
}

/** A pass that has said nothing for so long is over. */
const SILENT_SECONDS = 90;

/** Keeps how far a pass is, for as long as it goes on saying so. */
export const noteProgress = async (redis: Redis, prefix: string, progress: PassProgress): Promise<void> =>
  void (await redis.set(passProgressKey(prefix), JSON.stringify(progress), 'EX', SILENT_SECONDS));

/** How far the pass is that is under way; undefined for one that has just begun, and without one. */
export async function findPassProgress(redis: Redis, prefix: string): Promise<PassProgress | undefined> {
  const progress = await redis.get(passProgressKey(prefix));
  return progress === null ? undefined : json.pipe(passProgressSchema).safeParse(progress).data;
}
