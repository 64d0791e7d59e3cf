import type {
  FoundSubmission,
  Intent,
  ListedRecord,
  RecordedSubmission,
  RememberedGeneration,
  SettleReply,
  Settlement,
  SubmissionRef,
  SubmissionResult,
  Timing,
} from '@darkroom/contracts';

/** What bringing back needs of the world. Each port is satisfied by a package, or by the app that joins them. */

/** Records, transitions and money in Redis (generation-store). */
export interface RecoveryStore {
  restore(generation: RememberedGeneration): Promise<number>;
  findForgotten(recorded: readonly RecordedSubmission[]): Promise<string[]>;
  findGrownUnread(names: ReadonlyMap<string, number>): Promise<ReadonlySet<string> | undefined>;
  listOpen(): AsyncIterable<string>;
  findSubmissions(generationId: string): Promise<FoundSubmission[]>;
  settle(ref: SubmissionRef, settlement: Settlement): Promise<SettleReply>;
  cancel(generationId: string): Promise<unknown>;
  expire(generationId: string): Promise<unknown>;
}

/** What lasts (object-storage). */
export interface RecoveryArchive {
  listRecordDates(): Promise<string[]>;
  listRecordsOfDate(date: string): AsyncIterable<ListedRecord>;
  listRecordsBetween(date: string, from: string, to: string, onForeign?: (key: string) => void): AsyncIterable<ListedRecord>;
  listLateIds(since: number, onForeign?: (key: string) => void): AsyncIterable<string>;
  listRecordsOf(generationId: string): Promise<ListedRecord[]>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  findDecision(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  findAmendment(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
}

/** The waits (queues). */
export interface RecoveryWaits {
  park(ref: SubmissionRef, delayMs: number, check: boolean): Promise<void>;
  reviveSubmission(ref: SubmissionRef): Promise<void>;
}

/** Everything that bringing back is done with. */
export interface Recovery {
  store: RecoveryStore;
  archive: RecoveryArchive;
  waits: RecoveryWaits;
  settings: {
    timing: Pick<Timing, 'firstPollMs' | 'horizonMs'>;
    /** Submissions per image at the most, the first included; that of the workers. */
    maxSubmissions: number;
  };
  /** Milliseconds since 1970. */
  now: () => number;
}
