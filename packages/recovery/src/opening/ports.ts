import type { NanoUsd, PeriodMoney } from '@darkroom/contracts';
import type { SumsReader } from '../sums/find-sums.ts';

/** What a rebuild was asked for that opens the store before it has read everything: another process may go on. */
export interface ReadingPlan {
  since: number;
  pastBefore: number;
  sumsAt: number;
  skipDamaged: boolean;
  fromDay: string;
  fromMonth: string;
}

/** A rebuild that has opened the store and reads on. */
export interface Reading extends ReadingPlan {
  id: string;
  /** Milliseconds since 1970. */
  openedAt: number;
  total: number;
  left: number;
}

/** What opening early keeps in Redis (generation-store). */
export interface OpeningStore {
  readTime(): Promise<number>;
  noteUnread(id: string, names: ReadonlyMap<string, number>): Promise<'noted' | 'open' | 'emptied'>;
  noteUnreadMoney(id: string, sums: ReadonlyMap<string, NanoUsd>): Promise<'noted' | 'open' | 'emptied'>;
  openEarly(
    rebuilt: { id: string; run: string; epoch: string; ownerId?: string },
    plan: ReadingPlan,
  ): Promise<'opened' | 'open' | 'emptied' | 'restarted'>;
}

/** What reading on keeps in Redis (generation-store). */
export interface ReadingStore {
  findReading(): Promise<Reading | undefined>;
  findUnread(generationIds: readonly string[]): Promise<Set<string>>;
  listUnread(): AsyncIterable<string[]>;
  noteRead(id: string, generationId: string, charged: ReadonlyMap<string, NanoUsd>): Promise<'read' | 'known' | 'gone'>;
  holdBack(id: string, generationId: string): Promise<void>;
  bookPast(id: string, sums: ReadonlyMap<string, PeriodMoney>): Promise<'booked' | 'open' | 'emptied'>;
  endReading(id: string): Promise<'opened' | 'open' | 'emptied' | 'restarted' | 'unread'>;
}

/** The sums in S3, and its clock (object-storage). */
export interface OpeningArchive extends SumsReader {
  /** Returns what the clock of S3 says now, in milliseconds since 1970. @param at Redis time. */
  readS3Time(at: number, id: string): Promise<number>;
}
