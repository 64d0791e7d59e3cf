import type {
  ErrorCode,
  ExpectedImage,
  Labels,
  PresentIntent,
  Reservation,
  StoredRequest,
  SubmissionRef,
  SubmissionResult,
  SubmissionStatus,
  SubmitVerdict,
  TaskFacts,
  Told,
  VerifiedImage,
} from '@darkroom/contracts';

/** The words of the steps of a purchase: the store keeps them, and `purchase` decides by them. */

/** Reasons against buying a submission now. */
export const commitStops = [
  'not-initialised',
  'foreign',
  'recovering',
  'no-record',
  'settled',
  'closed',
  'never-bought',
  'request-gone',
  'request-missing',
  'replaced',
  'awaits-replaced',
  'scheduled',
  'paused',
  'cap',
  'no-reservation',
  'behind',
  'busy',
  'provider-trouble',
] as const;

/** Numbers of jobs in the fair line; the lowest goes first. */
export interface FairPlace {
  number: number;
  /** A more urgent submission of the same tenant, which has taken the place of this one. */
  ahead?: { ref: SubmissionRef; number: number };
}

/** Answer to "is this submission bought now?" */
export type Commitment =
  | {
      kind: 'stop';
      reason: (typeof commitStops)[number];
      detail: string;
      /** Wait until the answer may change, if time alone decides it. */
      waitMs?: number;
      /** Additional wait before the next look, because other submissions wait for the same. */
      behindMs?: number;
      /** For "behind": its number in the fair line, and the submission that goes first. */
      line?: FairPlace;
    }
  | {
      kind: 'go';
      /** Number of the opened send. */
      send: number;
      /** True if, as far as Redis knows, no earlier send of this submission can have been accepted. */
      fresh: boolean;
      /** True if an earlier send of it was refused. */
      wasRefused: boolean;
      /** Consecutive failed sends of the whole fleet since the provider last answered one. */
      providerFailures: number;
      /** Redis time, in milliseconds since 1970. */
      now: number;
      /**
       * The `firstSentAt` of sends of this round that never left, because S3 did not confirm their intent. S3 may hold the intent
       * all the same.
       */
      unsentAt: readonly number[];
      /** Without the digest of its request, which S3 tells. */
      intent: Omit<PresentIntent, 'requestDigest'>;
      /** The same digest, if S3 has confirmed the request since this Redis was compared with it. */
      requestDigest?: string;
      request: StoredRequest;
      labels: Labels;
      /** The trace of its enqueue. */
      traceparent?: string;
    };

/** A send that failed because of the provider or of the network on the way to it. */
export interface ProviderTrouble {
  /** Generation of the send. One send counts per generation: a request that always fails says nothing about the provider. */
  generationId: string;
  /** Failed sends of this many generations in a row, over the whole fleet, make the fleet pause. */
  tolerated: number;
  /** First pause; doubles with each failed trial. */
  firstWaitMs: number;
  maxWaitMs: number;
  /** Pause that the provider asked for, which may be longer. */
  askedWaitMs?: number;
  /** Code of the failure, which tells an operator where to look. */
  code?: string;
}

/**
 * Result of one send. `no-intent`: it did not leave, because its intent could not be written to S3. `conflict-seen`: it did not leave,
 * because the provider's trail shows that it has refused a second use of the id.
 */
export type SendVerdict = SubmitVerdict['kind'] | 'no-intent' | 'conflict-seen';

/**
 * Meaning of a verdict for the submission, given its earlier sends: "planned" if no send is under way, "unproven" if one may have
 * been accepted or the provider says that the id was used, "refused" if a refusal is final.
 */
export type VerdictMeaning = 'accepted' | 'planned' | 'unproven' | 'refused';

/**
 * A conflict without a decision yet. "proved": only one send may have been accepted, and the audit trail has shown that it was refused.
 * "provable": only one send may have been accepted, and a refusal in the trail would prove it refused. "unprovable": another send may
 * have been accepted, or Redis may have forgotten one.
 */
export type StandingConflict = 'proved' | 'provable' | 'unprovable';

/** A submission as its settlement sees it. Times are Redis times, in milliseconds since 1970. */
export interface SubmissionView {
  now: number;
  status: SubmissionStatus;
  provider: string;
  model: string;
  expected: ExpectedImage;
  /** Earliest time of purchase of its generation; absent without one. */
  runAt?: number;
  /** True if the generation has a final status. */
  generationClosed: boolean;
  round: number;
  sends: number;
  /** Number of the newest distinct delivery. */
  deliverySeq: number;
  /** Time of the newest distinct delivery. */
  deliveredAt?: number;
  /**
   * The last question that a run put after a delivery: the number of the newest delivery that the run knew, and the time left until the
   * next question of the schedule, 0 once it is due. Absent if there was none, or if a worker of an earlier version put it.
   */
  asked?: { seq: number; leftMs: number };
  /** Number of settlements begun, this one included. */
  settlements: number;
  /** Questions about the task that were about to be put to the provider. */
  polls: number;
  /** Questions about the facts of an image that is already kept. */
  looks: number;
  /** Combined content of all deliveries, and the time of the first with content; absent until one has content. */
  told?: { what: Exclude<Told, 'nothing'>; at: number };
  /** The image that an earlier run verified and kept. */
  image?: VerifiedImage;
  /** Sends answered by something other than the provider, while the provider accepted purchases of others. */
  strikes: number;
  firstSentAt?: number;
  succeededSeenAt?: number;
  facts?: TaskFacts;
  /** True if the provider ever reported its id as used. */
  hasConflicted: boolean;
  /** Present from the provider's report that the id was used until the conflict is decided. */
  conflict?: StandingConflict;
  /** Last time at which the image's address, or the provider in its place, answered without the image. */
  missingAt?: number;
  /** Key of the bytes that came in place of its image. */
  quarantineKey?: string;
  reservation: Reservation;
  /** The trace of its enqueue. */
  traceparent?: string;
  /** Number of the image's next submission, while that waits to be bought. */
  nextPlanned?: number;
}

/** An answer without the image that the provider reports as made. */
export interface MissingImage {
  /** Maximum of the time since the last such answer that counts, in milliseconds: an outage of the workers does not count as asking. */
  maxGapMs: number;
  /** Key of the bytes that came in its place. */
  quarantineKey?: string;
}

/** The run that asks the provider; each has its own turn. */
export type PollLeg = 'submit' | 'settle';

/** Answer to "may the provider be asked now?" `questions`: how many; a run has two about a task. */
export type PollTurn = { kind: 'granted'; questions: number } | { kind: 'wait'; delayMs: number };

/** A request for a turn to question the provider. */
export interface PollWish {
  leg: PollLeg;
  /** Number of questions for now. */
  questions: number;
  /** Number of questions to book if they cannot be put now; the same as `questions` by default. */
  booked?: number;
  /** True for a question that a delivery causes before the schedule does: it does not slow the schedule. */
  isEarly?: boolean;
}

/** A question that was put to the provider, or to the address of an image. */
export interface PutQuestion {
  /** Number of the newest distinct delivery that the run knew. */
  seq: number;
  /** Time until the next question of the schedule, in milliseconds. */
  againInMs: number;
}

/** The end of a submission. */
export interface Settlement {
  result: SubmissionResult;
  code: ErrorCode | '';
  /** True if this end counts against the limit of submissions per image. */
  countsAsFailure: boolean;
  /** True if the image may be bought again. */
  mayResubmit: boolean;
  /** Maximum number of submissions per image. */
  maxSubmissions: number;
  /** True for an end that is restored long after it came: no event tells of it again. */
  isOld?: boolean;
}

/** The store's reply to an end. */
export type SettleReply =
  | { kind: 'settled' | 'already' | 'no-record' }
  | { kind: 'refused-move'; from: SubmissionStatus }
  | { kind: 'resubmit'; n: number };
