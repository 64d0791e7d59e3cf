import type { ErrorCode } from './errors.ts';
import type { GrokImagineRequest } from './models/grok-imagine-image/request.ts';
import type { SubmitVerdict, TaskFacts, Told } from './provider.ts';
import type { Intent, Reservation, SubmissionResult, VerifiedImage } from './records.ts';
import type { SubmissionStatus } from './statuses.ts';

/**
 * What the protocol of a purchase and the store of records say to each other at each step. `purchase` decides on these words,
 * `generation-store` keeps them; neither knows the other.
 */

/** Why a submission is not bought now. */
export const commitStops = [
  'not-initialised',
  'foreign',
  'recovering',
  'no-record',
  'settled',
  'closed',
  'never-bought',
  'scheduled',
  'paused',
  'cap',
  'no-reservation',
  'busy',
  'provider-trouble',
] as const;

/** The answer to "is this submission bought now?" */
export type Commitment =
  | {
      kind: 'stop';
      reason: (typeof commitStops)[number];
      detail: string;
      /** How long until it may be otherwise, where the clock alone decides that. */
      waitMs?: number;
      /** How much later than otherwise it is to look again, because others wait for the same. */
      behindMs?: number;
    }
  | {
      kind: 'go';
      /** The number of the send that was opened. */
      send: number;
      /** As far as Redis knows, nothing of this submission can have been accepted before. */
      fresh: boolean;
      /** Whether a send of it was refused before. */
      wasRefused: boolean;
      /** Sends of the whole fleet that came to nothing since the provider last answered one. */
      providerFailures: number;
      /** Redis time, in milliseconds since 1970. */
      now: number;
      /**
       * The `firstSentAt` of sends of this round that never left, because S3 did not say that it keeps their intent. It may keep it
       * all the same.
       */
      unsentAt: readonly number[];
      intent: Intent;
      request: GrokImagineRequest;
    };

/** A send that came to nothing because of the provider or of the way to it. */
export interface ProviderTrouble {
  /** Whose send it was. Of one generation one send counts: a request that always fails says nothing of the provider. */
  generationId: string;
  /** Sends of so many generations in a row, over the whole fleet, make it leave the provider alone. */
  tolerated: number;
  /** How long it is left alone at first; doubles with each try that comes to nothing. */
  firstWaitMs: number;
  maxWaitMs: number;
  /** What the provider asked for, which may be longer. */
  askedWaitMs?: number;
}

/**
 * What came of one send. `no-intent`: it did not leave, because its intent could not be written to S3. `conflict-seen`: it did not leave,
 * because the provider's trail shows that it has refused a second use of the id.
 */
export type SendVerdict = SubmitVerdict['kind'] | 'no-intent' | 'conflict-seen';

/**
 * What a verdict means for the submission, after its earlier sends: "planned" when nothing of it is under way, "unproven"
 * when one may have been accepted or the provider takes the id for used, "refused" when a refusal is final.
 */
export type VerdictMeaning = 'accepted' | 'planned' | 'unproven' | 'refused';

/**
 * A conflict that waits to be decided. "proved": one send alone may have been accepted, and the audit trail has shown that it was
 * refused. "provable": it was if the trail shows a refusal now. "unprovable": another send may have been accepted, or Redis may have
 * forgotten one.
 */
export type StandingConflict = 'proved' | 'provable' | 'unprovable';

/** A submission as its settlement sees it. Times are Redis times, in milliseconds since 1970. */
export interface SubmissionView {
  now: number;
  status: SubmissionStatus;
  request: GrokImagineRequest;
  /** When its generation was to be bought, if not at once. */
  runAt?: number;
  /** Whether the generation has a final status. */
  generationClosed: boolean;
  round: number;
  sends: number;
  /** The number of the newest distinct delivery. */
  deliverySeq: number;
  /** When the newest distinct delivery came. */
  deliveredAt?: number;
  /** How many settlements began, this one included. */
  settlements: number;
  /** How often the provider was about to be asked. */
  polls: number;
  /** How often it was asked for the facts of an image that is kept already. */
  looks: number;
  /** What all deliveries tell together, and when the first of them came; absent until one tells something. */
  told?: { what: Exclude<Told, 'nothing'>; at: number };
  /** The image that an earlier run has verified and kept. */
  image?: VerifiedImage;
  /** Sends that were answered by something else than the provider, while it took purchases of others. */
  strikes: number;
  firstSentAt?: number;
  succeededSeenAt?: number;
  facts?: TaskFacts;
  /** Whether the provider ever took its id for used. */
  hasConflicted: boolean;
  /** Stands after the provider took its id for used, until that is decided. */
  conflict?: StandingConflict;
  /** When the address of its image, or the provider in place of one, answered without the image for the last time. */
  missingAt?: number;
  /** Where something lies that came in place of its image. */
  quarantineKey?: string;
  reservation: Reservation;
  /** The number of the next submission of the image, while it waits to be bought. */
  nextPlanned?: number;
}

/** An answer without the image that the provider says it has made. */
export interface MissingImage {
  /** How much of the time since the last such answer counts, in milliseconds: an outage of the workers is no time of asking. */
  maxGapMs: number;
  /** Where what came in its place was kept. */
  quarantineKey?: string;
}

/** Which run asks the provider: each has a turn of its own. */
export type PollLeg = 'submit' | 'settle';

/** The answer to "may the provider be asked now?" `questions`: how many; it has two about a task. */
export type PollTurn = { kind: 'granted'; questions: number } | { kind: 'wait'; delayMs: number };

/** Asks for a turn to question the provider. */
export interface PollWish {
  leg: PollLeg;
  /** How many questions are to be put now. */
  questions: number;
  /** How many are booked, if they cannot be put now; as many as `questions` unless given. */
  booked?: number;
}

/** How a submission ended. */
export interface Settlement {
  result: SubmissionResult;
  code: ErrorCode | '';
  /** Whether this end counts against the limit of submissions per image. */
  countsAsFailure: boolean;
  /** Whether the image may be bought again. */
  mayResubmit: boolean;
  /** Submissions per image at the most. */
  maxSubmissions: number;
}

/** What the store made of an end. */
export type SettleReply =
  | { kind: 'settled' | 'already' | 'no-record' }
  | { kind: 'refused-move'; from: SubmissionStatus }
  | { kind: 'resubmit'; n: number };
