import type {
  Commitment,
  DownloadVerdict,
  GrokImagineRequest,
  Intent,
  MissingImage,
  PollTurn,
  PollWish,
  ProviderFault,
  ProviderTrouble,
  PutQuestion,
  PurchaseOrder,
  SendVerdict,
  SettleReply,
  Settlement,
  SubmissionRef,
  SubmissionResult,
  SubmissionView,
  SubmitVerdict,
  TaskFacts,
  TaskState,
  VerdictMeaning,
  VerifiedImage,
} from '@darkroom/contracts';

/** What the protocol needs of the world. Each port is satisfied by a package or by the app that joins them. */

/** Records, transitions and money (generation-store). */
export interface PurchaseStore {
  commit(ref: SubmissionRef, token: string): Promise<Commitment>;
  adoptIntent(ref: SubmissionRef, firstSentAt: number): Promise<void>;
  recordVerdict(ref: SubmissionRef, send: number, verdict: SendVerdict): Promise<VerdictMeaning>;
  recordRefusalSeen(ref: SubmissionRef, send: number): Promise<void>;
  recordLook(ref: SubmissionRef, answer: 'known' | 'not-known'): Promise<number>;
  isNewestSend(ref: SubmissionRef, send: number): Promise<boolean>;
  reportTrouble(trouble: ProviderTrouble): Promise<number>;
  reportAnswer(): Promise<void>;
  beginSettlement(ref: SubmissionRef): Promise<SubmissionView | undefined>;
  recordFacts(ref: SubmissionRef, facts: TaskFacts): Promise<void>;
  recordMissingImage(ref: SubmissionRef, missing: MissingImage): Promise<number>;
  settle(ref: SubmissionRef, settlement: Settlement): Promise<SettleReply>;
  recordKeptImage(ref: SubmissionRef, image: VerifiedImage, isLook: boolean): Promise<void>;
  recordQuestion(ref: SubmissionRef, question: PutQuestion): Promise<void>;
  takePollTurn(ref: SubmissionRef, wish: PollWish): Promise<PollTurn>;
  countStrike(ref: SubmissionRef): Promise<{ strikes: number; takesOthers: boolean }>;
  countRefusal(generationId: string, code: string): Promise<number>;
}

/** What lasts (object-storage). */
export interface PurchaseArchive {
  presignUpload(ref: SubmissionRef, expiresInSeconds: number): Promise<string>;
  /** A URL from which the provider reads a reference image that lies in the bucket. */
  presignInput(sha256: string, expiresInSeconds: number): Promise<string>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  /** Marks a generation whose id was old when it was enqueued; repeated it changes nothing. */
  recordLateId(late: Pick<Intent, 'generationId' | 'createdAt'>): Promise<void>;
  recordIntent(intent: Intent): Promise<{ kind: 'recorded' } | { kind: 'existing'; intent: Intent }>;
  recordResult(result: SubmissionResult): Promise<{ kind: 'recorded' } | { kind: 'existing'; result: SubmissionResult }>;
  recordAmendment(result: SubmissionResult): Promise<{ kind: 'recorded' } | { kind: 'existing'; result: SubmissionResult }>;
  readStaging(ref: SubmissionRef): Promise<Bytes>;
  readImage(ref: SubmissionRef, format: GrokImagineRequest['outputFormat']): Promise<Bytes>;
  keepImage(ref: SubmissionRef, image: VerifiedImage, bytes: Uint8Array): Promise<'kept' | 'already-there'>;
  /** @returns the key. */
  quarantine(ref: SubmissionRef, bytes: Uint8Array): Promise<string>;
  /** Pure: says whether the bytes are the image that was ordered, and under which key they belong. */
  verify(
    ref: SubmissionRef,
    request: GrokImagineRequest,
    bytes: Uint8Array,
  ):
    | { kind: 'valid'; image: VerifiedImage }
    | { kind: 'invalid'; reason: string; /** Whether they start like an image, of another format or size perhaps. */ isImage: boolean };
}

export type Bytes = { kind: 'found'; bytes: Uint8Array } | { kind: 'missing' } | { kind: 'too-large'; sizeBytes: number };

/** The provider (runware-client). */
export interface Provider {
  submit(order: PurchaseOrder, signal?: AbortSignal): Promise<SubmitVerdict>;
  lookUp(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  lookUpDetails(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  downloadImage(imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict>;
}

/** Whether this process can buy at all. */
export interface Access {
  /** True while the provider refuses whatever this process sends: it then takes no submission. */
  isHeld(): boolean;
  /**
   * Asks the provider with a purchase of no caller, which is not run. Closed: no order is at fault, and this process is held until it is
   * open. Untried: questions are answered, and no such purchase can be made (the provider charges for it). Unclear: the provider did not say.
   */
  ask(doubt: ProviderFault): Promise<'open' | 'closed' | 'untried' | 'unclear'>;
}

/** The waits (queues). */
export interface Waits {
  park(ref: SubmissionRef, delayMs: number, check: boolean): Promise<void>;
  addSubmission(ref: SubmissionRef, delayMs: number): Promise<void>;
  /** @param options `ahead`: before everything else that waits to be sent. */
  reviveSubmission(ref: SubmissionRef, options?: { ahead: boolean }): Promise<void>;
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
