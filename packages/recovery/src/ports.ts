import type { Timing } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Waits } from '@darkroom/queues';

/** The records from which a generation is restored. */
export type RecoveryArchive = Pick<
  ObjectStorage,
  | 'listRecordDates'
  | 'listRecordsOfDate'
  | 'listRecordsBetween'
  | 'listLateIds'
  | 'listRecordsOf'
  | 'findIntent'
  | 'findRequest'
  | 'findNewestSetting'
  | 'salvageIntent'
  | 'findResult'
  | 'findDecision'
  | 'findAmendment'
>;

/** Parts that a restore needs. */
export interface Recovery {
  store: Pick<
    GenerationStore,
    | 'restore'
    | 'releaseImage'
    | 'returnRequest'
    | 'forgetRequest'
    | 'rememberRetry'
    | 'rememberHome'
    | 'findForgotten'
    | 'compareUnread'
    | 'findReading'
    | 'listDamaged'
    | 'listOpen'
    | 'findSubmissions'
    | 'settle'
    | 'cancel'
    | 'expire'
  >;
  archive: RecoveryArchive;
  waits: Pick<Waits, 'park' | 'reviveSubmission'>;
  settings: {
    timing: Pick<Timing, 'firstPollMs' | 'horizonMs'>;
    /** Maximum number of submissions per image, the same as in the workers. */
    maxSubmissions: number;
  };
  /** Milliseconds since 1970. */
  now: () => number;
}
