import type { Redis } from 'ioredis';
import { json } from '../corrupt-entry.ts';
import { lastPassKey, passProgressKey } from '../keys.ts';
import { passProgressSchema, passReportSchema, type PassProgress, type PassReport } from './findings.ts';

/** Stores the result of a pass of the reconciler, in place of the one before. */
export const recordPass = async (redis: Redis, prefix: string, report: PassReport): Promise<void> =>
  void (await redis.multi().set(lastPassKey(prefix), JSON.stringify(report)).del(passProgressKey(prefix)).exec());

/** Returns the result of the fleet's last pass; undefined before the first one, and for one of another version or none at all. */
export async function findLastPass(redis: Redis, prefix: string): Promise<PassReport | undefined> {
  const report = await redis.get(lastPassKey(prefix));
  return report === null ? undefined : json.pipe(passReportSchema).safeParse(report).data;
}

/** Silence after which a pass counts as over. */
const SILENT_SECONDS = 90;

/** Stores the progress of a pass until its next report. */
export const noteProgress = async (redis: Redis, prefix: string, progress: PassProgress): Promise<void> =>
  void (await redis.set(passProgressKey(prefix), JSON.stringify(progress), 'EX', SILENT_SECONDS));

/** Returns the progress of the pass under way; undefined without one, and for one that has just begun. */
export async function findPassProgress(redis: Redis, prefix: string): Promise<PassProgress | undefined> {
  const progress = await redis.get(passProgressKey(prefix));
  return progress === null ? undefined : json.pipe(passProgressSchema).safeParse(progress).data;
}
