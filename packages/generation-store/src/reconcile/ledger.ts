import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { holdMovesKey, openKey } from '../keys.ts';
import { correctLedgerScript, sumHoldsScript } from '../scripts/ledger.ts';

/** A period whose reserved sum is not that of its holds. */
export interface LedgerDrift {
  period: string;
  reservedNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  corrected: boolean;
}

/** Sums of all holds, to be compared with the ledger. */
export interface LedgerComparison {
  /** What `readHoldMoves` said before the sums were begun. */
  moves: string;
  sums: ReadonlyMap<string, NanoUsd>;
  /** Whether a period may be corrected downwards, too: a hold that the sums do not know would then be forgotten. */
  mayLower: boolean;
}

const number = z.coerce.number();

/** How often holds have moved: as long as it stays the same, so do they. */
export const readHoldMoves = async (redis: Redis, prefix: string): Promise<string> => (await redis.get(holdMovesKey(prefix))) ?? '0';

/** What these generations hold, by period. */
export async function sumHolds(redis: Redis, prefix: string, generationIds: readonly string[]): Promise<Map<string, NanoUsd>> {
  if (generationIds.length === 0) return new Map();
  const reply = await sumHoldsScript.run(redis, openKey(prefix), [prefix, ...generationIds]);
  return new Map(z.array(z.tuple([z.string(), number])).parse(reply));
}

/** Writes the sums of all holds into the ledger where it differs. @returns undefined when a hold has moved since they were begun. */
export async function correctLedger(
  redis: Redis,
  prefix: string,
  { moves, sums, mayLower }: LedgerComparison,
): Promise<LedgerDrift[] | undefined> {
  const [kind, ...drifts] = z
    .tuple([z.enum(['moved', 'compared'])])
    .rest(z.tuple([z.string(), number, number, z.enum(['0', '1'])]))
    .parse(await correctLedgerScript.run(redis, openKey(prefix), [prefix, moves, mayLower ? 1 : 0, ...[...sums].flat()]));
  if (kind === 'moved') return undefined;
  return drifts.map(([period, reservedNanoUsd, heldNanoUsd, corrected]) => ({
    period,
    reservedNanoUsd,
    heldNanoUsd,
    corrected: corrected === '1',
  }));
}
