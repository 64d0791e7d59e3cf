import type { NanoUsd } from './money.ts';
import type { StoredRequest } from './models/stored-request.ts';

/**
 * Everything a provider may answer about a purchase. `purchase` decides by these words alone; only `runware-client` knows how
 * Runware spells them.
 */

/** Kind of an error; decides who must act (docs/errors.md). */
export type FaultClass =
  | 'rate-limit'
  | 'timeout'
  | 'provider'
  | 'server'
  | 'quota'
  | 'auth'
  | 'safety'
  | 'validation'
  | 'conflict'
  | 'not-found'
  | 'network'
  | 'unknown';

/** One error of the provider in its own words. Safe to log and to keep: no presigned URL, capability, key or prompt. */
export interface ProviderFault {
  class: FaultClass;
  /** The provider's own code, such as "timeoutProvider"; a system code for a network error ("ECONNRESET"). */
  code: string;
  message: string;
  httpStatus?: number;
  /** The refused parameter. */
  parameter?: string;
  /** The raw error object as JSON, redacted and shortened to 4 KB. */
  raw?: string;
}

/** The provider's facts about a finished task. A field is absent if the provider did not report it. */
export interface TaskFacts {
  imageUUID?: string;
  imageURL?: string;
  seed?: number;
  costNanoUsd?: NanoUsd;
  nsfwContent?: boolean;
}

/**
 * Facts of a finished task in a delivery: complete, well formed and bounded. They prove neither an image nor a failure; the protocol
 * decides when they count as facts.
 */
export interface ToldFacts extends TaskFacts {
  seed: number;
  costNanoUsd: NanoUsd;
}

/** Content of a delivery about the task of its capability: nothing, facts, or something that only the provider can clarify. */
export type Told = 'nothing' | 'unclear' | ToldFacts;

/** Result of one POST of a submission. */
export type SubmitVerdict =
  | { kind: 'accepted' }
  /** The provider already knows the id (`conflictTaskUUID`). */
  | { kind: 'conflict'; fault: ProviderFault }
  /** Explicitly refused, for a reason in the request itself. */
  | { kind: 'refused'; fault: ProviderFault }
  /** Explicitly refused for now; may be sent again later. */
  | { kind: 'throttled'; fault: ProviderFault; retryAfterMs?: number }
  /** Explicitly refused because of the account: key, permission, balance. */
  | { kind: 'account'; fault: ProviderFault }
  /** The request certainly did not leave. */
  | { kind: 'not-sent'; fault: ProviderFault }
  /**
   * Anything else: it may have been accepted. `throttle` if the provider also asked for fewer requests (503, 504); `foreign` if the
   * answer is not in the provider's form, so that a gateway, a firewall or another host may have written it; `wordless` if it is a success
   * that names no task.
   */
  | { kind: 'unknown'; fault: ProviderFault; throttle?: boolean; foreign?: boolean; wordless?: boolean; retryAfterMs?: number };

/** Answer to "can this process buy at all?", asked without any data of a caller. */
export type AccessVerdict =
  | { kind: 'open' }
  /** The provider explicitly refuses the account: key, permission or balance. */
  | { kind: 'account'; fault: ProviderFault }
  /** The provider refuses the plainest purchase, so no single order is the cause. */
  | { kind: 'refusing'; fault: ProviderFault }
  /** The answer is not in the provider's form: a wrong address, a gateway, a login page. */
  | { kind: 'foreign'; fault: ProviderFault }
  /** No answer, or one without a statement about it. */
  | { kind: 'inconclusive'; fault: ProviderFault };

/** The provider's answer about a task. */
export type TaskState =
  | { kind: 'running' }
  | { kind: 'succeeded'; facts: TaskFacts }
  /** Terminal, and about the task itself: class safety, validation, provider or timeout. */
  | { kind: 'failed'; fault: ProviderFault; facts: TaskFacts }
  /** Proves nothing: an unknown id, an answer about the poll itself, a network error. */
  | { kind: 'inconclusive'; fault?: ProviderFault; known: boolean; shows?: TrailEntry };

/**
 * The audit trail's entry for a task without a known end: the task alone ("task"), a refusal of a request, a refusal because the id
 * was used before, or something else.
 */
export type TrailEntry = 'task' | 'refusal' | 'conflict' | 'other';

/** One purchase in the form in which it is sent. */
export interface PurchaseOrder {
  taskUUID: string;
  request: StoredRequest;
  ttlSeconds: number;
  /** Presigned PUT; absent without an upload. */
  uploadEndpoint?: string;
  /** Webhook URL with its capability; absent without a webhook. */
  webhookURL?: string;
}

/**
 * The image fetched from the provider's own address, or the reason for its absence. `unavailable`: the provider did not answer, or said
 * that it cannot answer now. `not-there`: the address answered or refused without the image, which may be there a moment later.
 */
export type DownloadVerdict =
  | { kind: 'fetched'; bytes: Uint8Array }
  | { kind: 'not-there'; fault: ProviderFault }
  | { kind: 'unavailable'; fault: ProviderFault };
