import type { CoveredPeriods, NanoUsd, SpendSums } from '@darkroom/contracts';

/** An object in S3 that others build on, and the move of money up to which it holds all. */
export interface SumsBase {
  key: string;
  moves: number;
}

/** The sums of the ledger in Redis (generation-store). */
export interface SumsInRedis {
  look(): Promise<
    { now: number; memory: string; moves: number; isWhole: boolean; recorded?: number; bases: Partial<Record<1 | 2, SumsBase>> } | undefined
  >;
  findAll(memory: string, covered: CoveredPeriods): Promise<boolean>;
  countMoved(since: number): Promise<number>;
  readMoved(since: number): AsyncIterable<[period: string, nanoUsd: NanoUsd | undefined][]>;
  forgetMoved(periods: readonly string[]): Promise<void>;
  noteRecorded(recorded: SumsBase & { memory: string; level: 0 | 1 | 2 }): Promise<boolean>;
}

/** The sums in S3 (object-storage). */
export interface SumsInS3 {
  recordSums(sums: SpendSums, id: string): Promise<string>;
}
