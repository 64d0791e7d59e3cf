import { passReportSchema, type PassReport } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { json } from '../corrupt-record.ts';
import { lastPassKey } from '../keys.ts';

/** Keeps what a pass of the reconciler did, in the place of the one before. */
export const recordPass = async (redis: Redis, prefix: string, report: PassReport): Promise<void> =>
  void (await redis.set(lastPassKey(prefix), JSON.stringify(report)));

/** What the last pass of the fleet did; undefined before the first one, and for one of another version or none at all. */
export async function findLastPass(redis: Redis, prefix: string): Promise<PassReport | undefined> {
  const report = await redis.get(lastPassKey(prefix));
  return report === null ? undefined : json.pipe(passReportSchema).safeParse(report).data;
}
