import type { DownloadVerdict, ProviderFault, PurchaseOrder, SubmissionRef, SubmitVerdict, TaskState } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The outside world of the protocol: types of the packages that keep it, and ports that more than one thing may implement. */

/** Entries, transitions and money. */
export type PurchaseStore = Pick<
  GenerationStore,
  | 'commit'
  | 'adoptIntent'
  | 'forgetRequest'
  | 'returnRequest'
  | 'rememberHome'
  | 'recordVerdict'
  | 'recordRefusalSeen'
  | 'recordLook'
  | 'isNewestSend'
  | 'reportTrouble'
  | 'reportAnswer'
  | 'beginSettlement'
  | 'recordFacts'
  | 'recordMissingImage'
  | 'settle'
  | 'recordKeptImage'
  | 'recordQuestion'
  | 'takePollTurn'
  | 'countStrike'
  | 'countRefusal'
>;

/** Records and images. */
export type PurchaseArchive = Pick<
  ObjectStorage,
  | 'presignUpload'
  | 'presignInput'
  | 'findIntent'
  | 'recordLateId'
  | 'findRequest'
  | 'recordRequest'
  | 'listRecordsOf'
  | 'findResult'
  | 'recordIntent'
  | 'recordResult'
  | 'recordAmendment'
  | 'readStaging'
  | 'readImage'
  | 'keepImage'
  | 'quarantine'
  | 'verify'
>;

/** The provider (runware-client). */
export interface Provider {
  submit(order: PurchaseOrder, signal?: AbortSignal): Promise<SubmitVerdict>;
  lookUp(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  lookUpDetails(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  downloadImage(imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict>;
}

/** The right of this process to buy. */
export interface Access {
  /** Returns true while the provider refuses everything that this process sends. The process then takes no submission. */
  isHeld(): boolean;
  /**
   * Asks the provider with a dry run, which belongs to no caller. "closed": the order is not at fault, and this process is held until the
   * provider is open again. "untried": the provider answers questions, and no dry run can be made because it charges for them. "unclear":
   * the provider gave no usable answer.
   */
  ask(doubt: ProviderFault): Promise<'open' | 'closed' | 'untried' | 'unclear'>;
}

/** The clock, the dice and the addresses. */
export interface PurchaseSurroundings {
  /** Milliseconds of a clock that only goes forward, also while the process is frozen. */
  monotonicMs: () => number;
  /** Returns a number from 0 up to but not including 1. */
  random: () => number;
  createToken: () => string;
  /** Returns the webhook URL with a fresh capability; undefined if no webhook is asked for. */
  webhookUrl: (ref: SubmissionRef) => string | undefined;
  /** Reports a fact that an operator should look into. */
  warn: (event: string, ref: SubmissionRef, details?: Readonly<Record<string, string | number | boolean>>) => void;
  log: (event: string, ref: SubmissionRef, details?: Readonly<Record<string, string | number | boolean>>) => void;
}
