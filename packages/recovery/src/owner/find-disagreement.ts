import { COMPARED_MS } from '@darkroom/contracts';
import { byGeneration, dateOf } from '../listings.ts';
import type { Owning } from './ports.ts';

/** Generations of each side that are looked up on the other: one missing purchase suffices, and an upgrade must not take hours. */
const MAX_LOOKED_UP = 500;
const DAY_MS = 86_400_000;

/**
 * Looks up the purchases of each side on the other, to decide if a store and a bucket without an owner can belong together.
 * @returns the first disagreement in words, or undefined.
 */
export async function findDisagreement({ store, archive }: Pick<Owning, 'store' | 'archive'>): Promise<string | undefined> {
  let looked = 0;
  for await (const generationId of store.listOpen()) {
    if (looked >= MAX_LOOKED_UP) break;
    const submissions = await store.findSubmissions(generationId);
    // Accepted: its intent was in S3 before it was sent.
    const accepted = submissions.filter(({ status }) => status === 'accepted');
    if (accepted.length === 0) continue;
    looked += 1;
    const records = await archive.listRecordsOf(generationId);
    const missing = accepted.find((ref) => !records.some(({ index, n, kind }) => kind === 'intent' && index === ref.index && n === ref.n));
    if (missing !== undefined)
      return `Redis has bought image ${missing.index} of the open generation ${generationId}, and the bucket holds no record of it`;
  }
  if (!(await archive.hasRecords())) {
    const spend = await store.readSpend();
    const hasSpent = spend.some(({ settledNanoUsd }) => settledNanoUsd > 0);
    return hasSpent ? 'Redis has spent money, and the bucket holds no records' : undefined;
  }
  const { isRecovering } = await store.readServerRun();
  const { now } = await store.readOwnership();
  let [known, unknown]: [number, string | undefined] = [0, undefined];
  const dates = [now, now - DAY_MS, now - COMPARED_MS].map(dateOf);
  for (const date of new Set(dates)) {
    for await (const [record] of byGeneration(archive.listRecordsOfDate(date))) {
      if (record === undefined || known >= MAX_LOOKED_UP) break;
      if ((await store.findSubmissions(record.generationId)).length > 0) known += 1;
      else unknown ??= record.generationId;
      // A Redis that restarted may have forgotten its last moments, and never all of them.
      if (unknown !== undefined && !isRecovering) return `the bucket holds records of the generation ${unknown}, which Redis does not know`;
    }
  }
  return unknown !== undefined && known === 0
    ? `the bucket holds records of the last two days, such as of ${unknown}, and Redis knows none of them`
    : undefined;
}
