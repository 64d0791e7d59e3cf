import type { DownloadVerdict, ProviderFault, PurchaseOrder, SubmissionRef, SubmitVerdict, TaskState } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The world as the protocol needs it: types of the packages that keep it, and ports where more than one thing may stand. */

/** Entries, transitions and money. */
export type PurchaseStore = Pick<
  GenerationStore,
  | 'commit'
  | 'adoptIntent'
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
  /** True while the provider refuses whatever this process sends: it then takes no submission. */
  isHeld(): boolean;
  /**
   * Asks the provider with a purchase of no caller, which is not run. Closed: no order is at fault, and this process is held until it is
   * open. Untried: questions are answered, and no such purchase can be made (the provider charges for it). Unclear: the provider did not say.
   */
  ask(doubt: ProviderFault): Promise<'open' | 'closed' | 'untried' | 'unclear'>;
}

/** The clock, the dice and the addresses. */
export interface PurchaseSurroundings {
  /** Milliseconds that only ever go forward, also while the process is frozen. */
  monotonicMs: () => number;
  /** At least 0 and less than 1. */
  random: () => number;
  createToken: () => string;
  /** The webhook URL with a fresh capability; undefined when no webhook is asked for. */
  webhookUrl: (ref: SubmissionRef) => string | undefined;
  /** What a person should look into. */
  warn: (event: string, ref: SubmissionRef, details?: Readonly<Record<string, string | number | boolean>>) => void;
  log: (event: string, ref: SubmissionRef, details?: Readonly<Record<string, string | number | boolean>>) => void;
}
