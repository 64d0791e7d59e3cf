import type { Timing } from '@darkroom/contracts';
import type { FindingKind, FindingPlace, GenerationStore, PassProgress, ReconcileStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { JobKeeper, Settlements } from '@darkroom/queues';
import type { Recovery } from '../ports.ts';

/** The bucket as a pass reads it. All lists are in the order of their keys, generation by generation. */
export type ReconcileArchive = Pick<
  ObjectStorage,
  'listRecordsOfDate' | 'listRecordsOf' | 'listImagesOfDate' | 'listImagesOf' | 'listUploads' | 'deleteUploads' | 'recordResult'
>;

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

/** Everything that a pass needs. */
export interface Reconciler {
  store: ReconcileStore;
  /** The entries as all processes use them. */
  generations: Pick<GenerationStore, 'expire' | 'recordDelivery'>;
  archive: ReconcileArchive;
  submissions: { keeper: JobKeeper };
  settlements: { keeper: JobKeeper } & Pick<Settlements, 'wake'>;
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
