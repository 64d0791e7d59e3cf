import type { NanoUsd } from './money.ts';
import type { GrokImagineRequest } from './models/grok-imagine-image/request.ts';

/**
 * What a provider may say of a purchase. `purchase` decides on these words alone; `runware-client` is the one place that
 * knows how Runware spells them.
 */

/** What kind of trouble an error is; decides who must act (docs/errors.md). */
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

/** One error of the provider, as it was said. Safe to log and to keep: no presigned URL, capability, key or prompt. */
export interface ProviderFault {
  class: FaultClass;
  /** The provider's own code, such as "timeoutProvider"; a code of ours for network trouble ("ECONNRESET"). */
  code: string;
  message: string;
  httpStatus?: number;
  /** The parameter that was refused. */
  parameter?: string;
  /** The raw error object as JSON, redacted and shortened to 4 KB. */
  raw?: string;
}

/** What the provider says of a finished task. Optional fields are absent when it did not say. */
export interface TaskFacts {
  imageUUID?: string;
  imageURL?: string;
  seed?: number;
  costNanoUsd?: NanoUsd;
  nsfwContent?: boolean;
}

/**
 * Facts of a finished task as a delivery tells them: complete, well formed and bounded. They prove neither an image nor a failure;
 * the protocol decides where they may be taken for facts.
 */
export interface ToldFacts extends TaskFacts {
  seed: number;
  costNanoUsd: NanoUsd;
}

/** What a delivery tells of the task of its capability: nothing, facts, or something that only the provider can make clear. */
export type Told = 'nothing' | 'unclear' | ToldFacts;

/** What one POST of a submission came to. */
export type SubmitVerdict =
  | { kind: 'accepted' }
  /** The id is known to the provider (`conflictTaskUUID`). */
  | { kind: 'conflict'; fault: ProviderFault }
  /** Refused in so many words, for a reason in the request itself. */
  | { kind: 'refused'; fault: ProviderFault }
  /** Refused in so many words, to be sent again later. */
  | { kind: 'throttled'; fault: ProviderFault; retryAfterMs?: number }
  /** Refused in so many words, because of the account: key, permission, balance. */
  | { kind: 'account'; fault: ProviderFault }
  /** The request surely did not leave. */
  | { kind: 'not-sent'; fault: ProviderFault }
  /**
   * Anything else: it may have been accepted. `throttle` when the provider also asked for fewer requests (503, 504); `foreign` when an
   * answer came that is not in the provider's words, so that a gateway, a firewall or another host may have written it.
   */
  | { kind: 'unknown'; fault: ProviderFault; throttle?: boolean; foreign?: boolean; retryAfterMs?: number };

/** The answer to "can this process buy at all?", asked without a word of a caller. */
export type AccessVerdict =
  | { kind: 'open' }
  /** The provider refuses the account in its own words: key, permission or balance. */
  | { kind: 'account'; fault: ProviderFault }
  /** The plainest purchase is refused, so no order is at fault. */
  | { kind: 'refusing'; fault: ProviderFault }
  /** What answers does not speak as the provider does: a wrong address, a gateway, a login page. */
  | { kind: 'foreign'; fault: ProviderFault }
  /** No answer, or one that says nothing of it. */
  | { kind: 'inconclusive'; fault: ProviderFault };

/** What the provider says of a task when it is asked. */
export type TaskState =
  | { kind: 'running' }
  | { kind: 'succeeded'; facts: TaskFacts }
  /** Terminal, and about the task itself: class safety, validation, provider or timeout. */
  | { kind: 'failed'; fault: ProviderFault; facts: TaskFacts }
  /** Proves nothing: an unknown id, an answer about the poll, trouble on the way. */
  | { kind: 'inconclusive'; fault?: ProviderFault; known: boolean; shows?: TrailEntry };

/**
 * What the audit trail shows of a task that it cannot tell the end of: that it has one and nothing more ("task"), a refusal of a
 * request, a refusal because the id was used before, or something else.
 */
export type TrailEntry = 'task' | 'refusal' | 'conflict' | 'other';

/** One purchase, as it is sent. */
export interface PurchaseOrder {
  taskUUID: string;
  request: GrokImagineRequest;
  ttlSeconds: number;
  /** Presigned PUT; absent when no upload is asked for. */
  uploadEndpoint?: string;
  /** Webhook URL with its capability; absent when no webhook is asked for. */
  webhookURL?: string;
}

/**
 * The image fetched from the provider's own address, or why not. `unavailable`: nothing of the provider answered, or it said that it
 * cannot now. `not-there`: the address was answered or refused without the image, which may be there a moment later.
 */
export type DownloadVerdict =
  | { kind: 'fetched'; bytes: Uint8Array }
  | { kind: 'not-there'; fault: ProviderFault }
  | { kind: 'unavailable'; fault: ProviderFault };
