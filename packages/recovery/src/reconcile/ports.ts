import type { Timing } from '@darkroom/contracts';
import type { FindingKind, FindingPlace, GenerationStore, PassProgress, ReconcileStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { JobKeeper, Settlements, Submissions } from '@darkroom/queues';
import type { Recovery } from '../ports.ts';

/** The bucket as a pass reads it. All lists are in the order of their keys, generation by generation. */
export type ReconcileArchive = Pick<
  ObjectStorage,
  | 'listRecordDates'
  | 'listRecordsOfDate'
  | 'listRecordsOf'
  | 'listImagesOfDate'
  | 'listImagesOf'
  | 'listUploads'
  | 'listRequestsOfDate'
  | 'recordResult'
>;

export interface ReconcileSettings {
  timing: Pick<Timing, 'horizonMs' | 'maxPollMs' | 'uploadWindowMs'>;
  /** Time for which something must look wrong, from one look to the next, before it counts as wrong. */
  graceMs: number;
  /** Time that other processes may take for their next step. */
  patienceMs: number;
  /** Age at which a pass hands an upload to the eraser, if its image is kept. */
  tidyAfterMs: number;
  /** Time between two looks through all keys of Redis. */
  thoroughEveryMs: number;
  /** Most open generations examined in a second. */
  generationsPerSecond: number;
  /** Most generations of S3 examined in a second. */
  storedPerSecond: number;
  /** Time in which one pass looks at the open generations; the next one continues. */
  openMs: number;
  /** Time for the last days in S3, and for older dates there. */
  storedMs: number;
  /** Most names of uploads that one pass keeps in memory. */
  maxUploads: number;
  /** Days of S3 that are compared, today included; purchases under older dates are found by other ways. */
  days: number;
}

/** Parts that a pass needs. */
export interface Reconciler {
  store: ReconcileStore;
  /** The entries as all processes use them. */
  generations: Pick<GenerationStore, 'expire' | 'recordDelivery' | 'list' | 'find'>;
  archive: ReconcileArchive;
  submissions: { keeper: JobKeeper } & Pick<Submissions, 'renumber'>;
  settlements: { keeper: JobKeeper } & Pick<Settlements, 'wake'>;
  /** Restores the part of a generation that S3 knows and Redis does not. */
  recovery: Recovery;
  around: {
    /** Milliseconds since 1970. */
    now: () => number;
    /** Waits; resolves early when the signal is aborted. */
    wait: (ms: number, signal: AbortSignal) => Promise<void>;
    /** Names one pass, unlike any other. */
    createHolder: () => string;
    /** Receives each finding, once it is repaired or named. Without it a later pass tells the named ones. */
    note?: (finding: Finding) => void;
    /** Receives the progress of a pass every half minute. */
    progress: (progress: PassProgress) => void;
  };
  settings: ReconcileSettings;
}

/** A finding: repaired, or for an operator to know. */
export interface Finding {
  kind: FindingKind;
  place: FindingPlace;
  action: 'repaired' | 'named';
}
