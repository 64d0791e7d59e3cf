import type {
  FindingPlace,
  FindingKind,
  GenerationPicture,
  JobPresence,
  KnownGeneration,
  ListedRecord,
  Mended,
  NanoUsd,
  OpenCursor,
  PassProgress,
  PassReport,
  SubmissionRef,
  SubmissionResult,
  Timing,
} from '@darkroom/contracts';
import type { Recovery } from '../ports.ts';

/** What the reconciler needs of the world. Each port is satisfied by a package, or by the app that joins them. */

/** The records, walked through (generation-store). */
export interface ReconcileStore {
  isInitialised(): Promise<boolean>;
  isReading(): Promise<boolean>;
  takeTurn(holder: string, forMs: number): Promise<boolean>;
  endTurn(holder: string): Promise<void>;
  readOpenPage(after: OpenCursor | undefined, count: number): Promise<{ generationIds: string[]; next?: OpenCursor }>;
  mend(
    generationId: string,
    holder: string,
  ): Promise<{ kind: 'no-turn' | 'no-record' } | { kind: 'found'; picture: GenerationPicture; mended: Mended[] }>;
  readKnown(generationId: string, refs: readonly SubmissionRef[]): Promise<KnownGeneration>;
  findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  noteLook(ref: SubmissionRef, lookedAt: number): Promise<void>;
  beginSums(holder: string): Promise<boolean>;
  nameInSums(holder: string, periods: readonly string[]): Promise<void>;
  sumHolds(holder: string): Promise<{ kind: 'no-turn' | 'lost' } | { kind: 'summed' | 'over'; unreadable: string[] }>;
  correctLedger(
    holder: string,
    step: { from: string; mayLower: boolean },
  ): Promise<{ kind: 'no-turn' | 'lost' | 'moved' } | { kind: 'compared'; next: string; drifts: LedgerDrift[] }>;
  endSums(holder: string): Promise<void>;
  scanNames(): AsyncIterable<{ unindexed: string[]; leftIdempotencyKeys: LeftIdempotencyKey[]; unreadable: string[]; periods: string[] }>;
  dropOpen(generationId: string): Promise<boolean>;
  dropIdempotencyKey(left: LeftIdempotencyKey): Promise<boolean>;
  readUnclaimed(count: number): Promise<UnclaimedDelivery[]>;
  forgetUnclaimed(delivery: UnclaimedDelivery): Promise<void>;
  readNamed(): Promise<Set<string>>;
  rememberNamed(words: readonly string[], at: number): Promise<void>;
  /** The generations that were bought long after their ids were minted, since `after`, a page at a time. */
  readBoughtPage(after: OpenCursor, count: number): Promise<{ generationIds: string[]; next?: OpenCursor }>;
  /** Forgets what was bought before. @param before Milliseconds since 1970. */
  forgetBought(before: number): Promise<void>;
  noteProgress(progress: PassProgress): Promise<void>;
  recordPass(report: PassReport): Promise<void>;
  findLastPass(): Promise<PassReport | undefined>;
}

export interface LedgerDrift {
  period: string;
  reservedNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  action: 'named' | 'corrected' | 'unreadable';
}

export interface LeftIdempotencyKey {
  key: string;
  generationId: string;
}

export interface UnclaimedDelivery {
  ref?: SubmissionRef;
  body: string;
  entry: string;
}

export interface ListingOptions {
  /** An id; those up to it are left out. */
  after?: string;
  /** Hears of each key that Darkroom does not write. */
  onForeign?: (key: string) => void;
}

/** What lasts (object-storage). All lists are in the order of their keys, generation by generation. */
export interface ReconcileArchive {
  listRecordsOfDate(date: string, options?: ListingOptions): AsyncIterable<ListedRecord>;
  listRecordsOf(generationId: string): Promise<readonly ListedRecord[]>;
  listImagesOfDate(date: string, options?: ListingOptions): AsyncIterable<SubmissionRef & { writtenAt: number }>;
  listImagesOf(generationId: string): Promise<readonly (SubmissionRef & { writtenAt: number })[]>;
  listUploads(options?: ListingOptions): AsyncIterable<{ taskUUID: string; writtenAt: number }>;
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
  recordResult(result: SubmissionResult): Promise<unknown>;
}

/** The jobs of one queue (queues). */
export interface ReconcileJobs {
  inspect(refs: readonly SubmissionRef[]): Promise<JobPresence[]>;
  bringBack(ref: SubmissionRef): Promise<void>;
  listFailed(): AsyncIterable<SubmissionRef[]>;
  keyOf(ref: SubmissionRef): string;
}

export interface ReconcileSettings {
  timing: Pick<Timing, 'horizonMs' | 'maxPollMs' | 'uploadWindowMs'>;
  /** How long something must look wrong, from one look to the next, before it is. */
  graceMs: number;
  /** How long others may take for what they are about to do anyway. */
  patienceMs: number;
  /** How old an upload is that is tidied away, when its image is kept. */
  tidyAfterMs: number;
  /** How often a pass looks through all keys of Redis, too. */
  thoroughEveryMs: number;
  /** Open generations looked at in a second, at the most. */
  generationsPerSecond: number;
  /** Generations of S3 looked at in a second, at the most. */
  storedPerSecond: number;
  /** How long one pass looks at the open generations; the next one goes on where it ended. */
  openMs: number;
  /** The same of the last days in S3, and of what lies there under older dates. */
  storedMs: number;
  /** So many names of uploads are kept in memory by one pass. */
  maxUploads: number;
  /** How many days of S3 are compared, today included; what was bought under older dates is found by other ways. */
  days: number;
}

/** Everything that reconciling is done with. */
export interface Reconciler {
  store: ReconcileStore;
  /** The records, as everybody uses them (generation-store). */
  generations: {
    expire(generationId: string): Promise<unknown>;
    recordDelivery(ref: SubmissionRef, delivery: { body: string }): Promise<unknown>;
  };
  archive: ReconcileArchive;
  submissions: { keeper: ReconcileJobs };
  settlements: { keeper: ReconcileJobs; wake(ref: SubmissionRef): Promise<unknown> };
  /** Brings back what S3 knows of a generation and Redis does not. */
  recovery: Recovery;
  around: {
    /** Milliseconds since 1970. */
    now: () => number;
    /** Waits; resolves early when the signal is aborted. */
    wait: (ms: number, signal: AbortSignal) => Promise<void>;
    /** Names one pass, unlike any other. */
    createHolder: () => string;
    /** Hears of each finding, once it is repaired or named. */
    note: (finding: Finding) => void;
    /** Hears every half minute how far a pass is. */
    progress: (progress: PassProgress) => void;
  };
  settings: ReconcileSettings;
}

/** Something that was wrong: put right, or for a person to know. */
export interface Finding {
  kind: FindingKind;
  place: FindingPlace;
  action: 'repaired' | 'named';
}
