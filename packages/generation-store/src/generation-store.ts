import { randomUUID } from 'node:crypto';
import type {
  Commitment,
  FleetLimits,
  FoundSubmission,
  GenerationStatus,
  GenerationView,
  GrokImagineRequest,
  MissingImage,
  OperatorPause,
  PassProgress,
  PassReport,
  PeriodMoney,
  PollTurn,
  PollWish,
  ProviderTrouble,
  PutQuestion,
  RecordedSubmission,
  RememberedGeneration,
  SendVerdict,
  SettleReply,
  Settlement,
  SpendCaps,
  SubmissionRef,
  SubmissionView,
  TaskFacts,
  Told,
  VerdictMeaning,
  VerifiedImage,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { pauseBuying, readPauses, resumeBuying, type BuyingPause, type PauseKind, type StandingPause } from './settings/buying-pause.ts';
import { isDryRunCharged, noteDryRunCharged, readHeldWorkers, reportFree, reportHeld, type HeldWorker } from './purchase/held-workers.ts';
import { countRefusal, countStrike, type Strike } from './purchase/strikes.ts';
import {
  applyCaps,
  findCaps,
  findCapsRestrictions,
  restrictCaps,
  setCaps,
  type CapsRestriction,
  type CapsToLower,
  type StoredCaps,
} from './settings/caps.ts';
import { commit } from './purchase/commit.ts';
import { adoptIntent, isNewestSend } from './purchase/open-send.ts';
import { recordRefusalSeen, recordVerdict } from './purchase/record-verdict.ts';
import { recordDelivery, type DeliveryReceipt } from './purchase/deliveries.ts';
import { enqueueGeneration, type EnqueueReceipt, type NewGeneration } from './enqueue/enqueue.ts';
import type { Retention } from './enqueue/retention.ts';
import { differingKey, epochKey, providerTroubleKey, readingKey, submissionKey, turnKey } from './keys.ts';
import {
  applyLimits,
  findLimits,
  findLimitsRestrictions,
  restrictLimits,
  type LimitsRestriction,
  type StoredLimits,
} from './settings/limits.ts';
import { lookAtSettings, type SettingsLook } from './settings/look-at-settings.ts';
import { applyPauses, findPauses, type StoredPauses } from './settings/operator-pause.ts';
import { takePollTurn, type PollRate } from './purchase/poll-line.ts';
import { findTrouble, reportTrouble, type StandingTrouble } from './purchase/provider-trouble.ts';
import { findLastPass, findPassProgress } from './recovery/last-pass.ts';
import { listOpen, readOpenGenerations, type OpenGenerations } from './recovery/open-generations.ts';
import { endTurnScript, takeTurnScript } from './recovery/turns.ts';
import { readTasksAtProvider } from './purchase/tasks-at-provider.ts';
import { beginRebuild, bookPast, finishRebuild, type BegunRebuild, type RebuiltStore } from './recovery/rebuild.ts';
import { findGrownUnread } from './recovery/reading.ts';
import { findForgotten } from './recovery/find-forgotten.ts';
import { restoreGeneration } from './recovery/restore.ts';
import { adoptOwner, claimOwner, readOwnership, type OwnerClaim, type Ownership } from './recovery/ownership.ts';
import { findCheckpoint, noteCheckpoint, type Checkpoint } from './recovery/checkpoint.ts';
import { createSeenState } from './recovery/seen-state.ts';
import { confirmComparison, initialise, readServerRun, type ServerRun } from './recovery/server-run.ts';
import { closeGeneration } from './enqueue/close-generation.ts';
import { findGeneration, findSubmissions } from './enqueue/find-generation.ts';
import { readTime } from './connection/read-time.ts';
import { beginSettlement } from './purchase/begin-settlement.ts';
import { recordFacts, recordKeptImage, recordMissingImage } from './purchase/record-image.ts';
import { recordLook } from './purchase/record-look.ts';
import { recordQuestion } from './purchase/record-question.ts';
import { settle } from './purchase/settle.ts';
import { readSpend, type PeriodSpend } from './money/spend.ts';
import { readUnknown, type UnknownOutcomes } from './money/unknown-outcomes.ts';

export interface GenerationStoreConfig {
  /** Starts every key; holds a hash tag. */
  prefix: string;
  retention: Retention;
  pollRate: PollRate;
  /** Returns the Darkroom that this process works for, once that is known: in the Redis of another one it buys nothing. */
  ownerId?: () => string | undefined;
}

/** The records of generations in Redis: every method is one round trip, every change one script. */
export interface GenerationStore {
  enqueue(generation: NewGeneration): Promise<EnqueueReceipt>;
  commit(ref: SubmissionRef, token: string): Promise<Commitment>;
  adoptIntent(ref: SubmissionRef, firstSentAt: number): Promise<void>;
  recordVerdict(ref: SubmissionRef, send: number, verdict: SendVerdict): Promise<VerdictMeaning>;
  /** Keeps that the audit trail showed a refusal as the last response to the id, before this send left. */
  recordRefusalSeen(ref: SubmissionRef, send: number): Promise<void>;
  /**
   * Keeps what both questions were answered about what may have been accepted: "known" when the provider has its task.
   * @returns since when the provider did not know the task after a conflict, in milliseconds.
   */
  recordLook(ref: SubmissionRef, answer: 'known' | 'not-known'): Promise<number>;
  /** Whether no other send of the submission was opened after this one, and Redis has forgotten nothing since. */
  isNewestSend(ref: SubmissionRef, send: number): Promise<boolean>;
  /** Counts a send that came to nothing. @returns how long the fleet leaves the provider alone, in milliseconds; 0 while it goes on. */
  reportTrouble(trouble: ProviderTrouble): Promise<number>;
  /** The provider answers: what it was in trouble with is forgotten. */
  reportAnswer(): Promise<void>;
  /** Returns the provider's trouble; undefined while no trouble slows the fleet. */
  findTrouble(): Promise<StandingTrouble | undefined>;
  /** Counts a send that came to nothing; after the first one only if another submission was accepted since the one before. */
  countStrike(ref: SubmissionRef): Promise<Strike>;
  /** Counts the generations in a row that were refused with one code. @returns how many there are, this one included. */
  countRefusal(generationId: string, code: string): Promise<number>;
  /** Says that a worker buys nothing; said again with each of its looks. */
  reportHeld(held: HeldWorker): Promise<void>;
  /** Says that a worker buys again, or ends. */
  reportFree(worker: string): Promise<void>;
  /** The workers that buy nothing now. */
  heldWorkers(): Promise<HeldWorker[]>;
  /** Keeps that the provider ran a dry run as a purchase. */
  noteDryRunCharged(): Promise<void>;
  isDryRunCharged(): Promise<boolean>;
  beginSettlement(ref: SubmissionRef): Promise<SubmissionView | undefined>;
  recordFacts(ref: SubmissionRef, facts: TaskFacts): Promise<void>;
  /** Notes that an image which the provider says it has made could not be had. @returns for how long it has been asked for, in milliseconds. */
  recordMissingImage(ref: SubmissionRef, missing: MissingImage): Promise<number>;
  settle(ref: SubmissionRef, settlement: Settlement): Promise<SettleReply>;
  recordDelivery(ref: SubmissionRef, delivery: { body: string; told?: Told }): Promise<DeliveryReceipt>;
  /** Keeps that the image lies under its final key, for a run that must come again. @param isLook Whether the provider was asked for its facts. */
  recordKeptImage(ref: SubmissionRef, image: VerifiedImage, isLook: boolean): Promise<void>;
  recordQuestion(ref: SubmissionRef, question: PutQuestion): Promise<void>;
  /** The number of the newest distinct delivery; 0 when there is none. */
  newestDelivery(ref: SubmissionRef): Promise<number>;
  /** How many tasks the fleet has under way at the provider, and how many it may have. */
  readTasksAtProvider(): Promise<{ count: number; limit: number }>;
  /** Takes a place in the fleet's line of questions to the provider: now, or a booked one. */
  takePollTurn(ref: SubmissionRef, wish: PollWish): Promise<PollTurn>;
  /** @param knownRequest Its request, if it is known already: a large one is read from a key of its own. */
  find(generationId: string, knownRequest?: GrokImagineRequest): Promise<GenerationView | undefined>;
  /** All submissions of a generation, in the order of index and n; none when there is no record of it. */
  findSubmissions(generationId: string): Promise<FoundSubmission[]>;
  /**
   * Brings back what S3 remembers of a generation and Redis does not. What Redis knows stays as it is. Never for a generation whose
   * time in Redis is over: its money would be counted twice. @returns how many of its submissions were changed.
   */
  restore(generation: RememberedGeneration): Promise<number>;
  /** The generations of which Redis has forgotten something that S3 knows, each once. */
  findForgotten(recorded: readonly RecordedSubmission[]): Promise<string[]>;
  /** Finds those of which S3 holds more names than when a rebuild that reads on has noted them as unread; undefined while none reads. */
  findGrownUnread(names: ReadonlyMap<string, number>): Promise<Set<string> | undefined>;
  /** Ends what was never sent, because the deadline has passed. @returns as `cancel` does. */
  expire(generationId: string): Promise<GenerationStatus | undefined>;
  /** Ends what was never sent. @returns the status that the generation has now, undefined when there is none. */
  cancel(generationId: string): Promise<GenerationStatus | undefined>;
  /** Whether the store may be used: it holds an epoch (I9). */
  isInitialised(): Promise<boolean>;
  /** Writes the epoch of a new store, and the owner that its bucket has. @returns false when there is an epoch. */
  initialise(epoch: string, ownerId?: string): Promise<boolean>;
  /** Epoch, owner and Redis time. */
  readOwnership(): Promise<Ownership>;
  /** Notes what is about to be written into the bucket. @returns the claim that stands, which may be an earlier one. */
  claimOwner(claim: OwnerClaim): Promise<OwnerClaim>;
  /** Gives an open store its owner. @returns false when it has one already, or its epoch is another. */
  adoptOwner(owner: OwnerClaim): Promise<boolean>;
  /** Which life of its memory the server is in, and whether that was compared with S3. */
  readServerRun(): Promise<ServerRun>;
  /** Lets buying go on after the memory of this run was compared. @returns false when it is another run by now, or there is no epoch. */
  confirmComparison(run: string): Promise<boolean>;
  /** Keeps Redis time as the moment up to which this memory is whole; called often, by each worker. */
  noteCheckpoint(): Promise<void>;
  /** Since when a Redis that came back may have forgotten something; undefined when no checkpoint tells. */
  findCheckpoint(): Promise<Checkpoint | undefined>;
  /** Begins to rebuild a store without an epoch, or goes on with what was begun. @param id Names it, if it is the first. */
  beginRebuild(id: string): Promise<BegunRebuild | { kind: 'open' } | { kind: 'reading' }>;
  /** Books money of generations that get no entry, by period; other sums take the place of those that the rebuild `id` has booked. */
  bookPast(id: string, sums: ReadonlyMap<string, PeriodMoney>): Promise<'booked' | 'open' | 'emptied'>;
  /**
   * Opens a store that was rebuilt. @returns "emptied" when Redis lost its memory since that was begun, "restarted" when it may have
   * forgotten the last moments of it, "open" when another rebuild was first.
   */
  finishRebuild(rebuilt: RebuiltStore): Promise<'opened' | 'open' | 'emptied' | 'restarted'>;
  /** Reads the caps. @returns undefined while they are not all there; then nothing is bought. @throws CorruptRecordError */
  findCaps(): Promise<StoredCaps | undefined>;
  /** Writes the caps of a change that S3 holds, unless Redis knows a later one or a restriction that is not `carried`. @returns whether it did. */
  applyCaps(caps: Required<StoredCaps> & { carried?: readonly string[] }): Promise<boolean>;
  /** Lowers the named caps in Redis alone, at once; a worker records it. @returns whether one was lowered. */
  restrictCaps(lowered: CapsToLower): Promise<boolean>;
  /** The restrictions of caps that are not recorded in S3 yet. */
  findCapsRestrictions(): Promise<CapsRestriction[]>;
  /** Reads the limits of the fleet. @returns undefined when Redis holds none. @throws CorruptRecordError */
  findLimits(): Promise<StoredLimits | undefined>;
  /** Writes the limits of a change that S3 holds, unless Redis knows a later one or a restriction that is not `carried`. @returns whether it did. */
  applyLimits(limits: Required<StoredLimits> & { carried?: readonly string[] }): Promise<boolean>;
  /** Lowers the limit of tasks in Redis alone, at once; a worker records it. @returns whether it was lowered. */
  restrictLimits(lowered: FleetLimits): Promise<boolean>;
  /** The restrictions of limits that are not recorded in S3 yet. */
  findLimitsRestrictions(): Promise<LimitsRestriction[]>;
  /** Reads the operator's pause, and whether S3 knows of it. @throws CorruptRecordError */
  findPauses(): Promise<StoredPauses>;
  /** Writes the pause of a change that S3 holds in the place of the one that was `seen`. @returns false when it is another by now. */
  applyPauses(pauses: { revision: number; operator: OperatorPause | undefined; seen: string }): Promise<boolean>;
  /** Reads all settings in one trip. @param turnMs How long no other process of the fleet gets the turn to ask S3 for changes. */
  lookAtSettings(turnMs: number): Promise<SettingsLook>;
  /** Writes caps of which S3 holds no change. A worker records them once, or puts those of S3 in their place. */
  setCaps(caps: SpendCaps): Promise<void>;
  /** Keeps for a while that a process was told other settings than the store has, in words. */
  reportDiffering(words: string, forSeconds: number): Promise<void>;
  /** What a process was told otherwise than the store, in words; undefined when none said so lately. */
  findDiffering(): Promise<string | undefined>;
  /** Returns Redis time, in milliseconds since 1970. */
  readTime(): Promise<number>;
  /** The submissions whose outcome is unknown: how many, and the oldest of them. @param limit How many are described. */
  readUnknown(limit: number): Promise<UnknownOutcomes>;
  /** The ledger of today and this month: of all tenants and, when one is named, of that tenant. */
  readSpend(tenant?: string): Promise<PeriodSpend[]>;
  /** The ids of all open generations, the oldest first; none is left out because others end meanwhile. */
  listOpen(): AsyncGenerator<string, void, undefined>;
  /** How many generations are open, and which is the oldest. */
  readOpenGenerations(): Promise<OpenGenerations>;
  /** @returns whether this call paused it; a pause of the same kind that stands keeps its reason. */
  pauseBuying(pause: BuyingPause): Promise<boolean>;
  /** @returns how many of these pauses stood. */
  resumeBuying(kinds: readonly PauseKind[]): Promise<number>;
  /**
   * True for one caller of the fleet in each stretch of time.
   * @param forMs How long no other holder gets this turn, from now on.
   * @param holder Keeps the turn by claiming it again. Without one nothing keeps it.
   */
  claimTurn(name: string, forMs: number, holder?: string): Promise<boolean>;
  /** Gives a turn back, if the holder still has it. */
  endTurn(name: string, holder: string): Promise<void>;
  /** What the last pass of the reconciler did; undefined before the first one. */
  findLastPass(): Promise<PassReport | undefined>;
  /** How far the pass is that is under way. */
  findPassProgress(): Promise<PassProgress | undefined>;
  /** The pauses that stand; none while buying goes on. */
  pauses(): Promise<StandingPause[]>;
}

/** Builds the store on a connection that stays its caller's to close. */
export function buildGenerationStore({ prefix, retention, pollRate, ownerId }: GenerationStoreConfig, redis: Redis): GenerationStore {
  const seen = createSeenState();
  return {
    enqueue: (generation) => enqueueGeneration(redis, prefix, retention, generation),
    commit: (ref, token) => commit(redis, prefix, ref, token, ownerId?.(), seen),
    adoptIntent: (ref, firstSentAt) => adoptIntent(redis, prefix, ref, firstSentAt),
    recordVerdict: (ref, send, verdict) => recordVerdict(redis, prefix, ref, send, verdict),
    recordRefusalSeen: (ref, send) => recordRefusalSeen(redis, prefix, ref, send),
    recordLook: (ref, answer) => recordLook(redis, prefix, ref, answer),
    isNewestSend: (ref, send) => isNewestSend(redis, prefix, ref, send),
    reportTrouble: (trouble) => reportTrouble(redis, prefix, trouble),
    reportAnswer: async () => void (await redis.del(providerTroubleKey(prefix))),
    findTrouble: () => findTrouble(redis, prefix),
    countStrike: (ref) => countStrike(redis, prefix, ref),
    countRefusal: (generationId, code) => countRefusal(redis, prefix, generationId, code),
    reportHeld: (held) => reportHeld(redis, prefix, held),
    reportFree: (worker) => reportFree(redis, prefix, worker),
    heldWorkers: () => readHeldWorkers(redis, prefix),
    noteDryRunCharged: () => noteDryRunCharged(redis, prefix),
    isDryRunCharged: () => isDryRunCharged(redis, prefix),
    beginSettlement: (ref) => beginSettlement(redis, prefix, ref),
    recordFacts: (ref, facts) => recordFacts(redis, prefix, ref, facts),
    recordMissingImage: (ref, missing) => recordMissingImage(redis, prefix, ref, missing),
    settle: (ref, settlement) => settle(redis, prefix, ref, settlement),
    recordDelivery: (ref, { body, told }) => recordDelivery(redis, prefix, ref, body, told),
    recordKeptImage: (ref, image, isLook) => recordKeptImage(redis, prefix, ref, image, isLook),
    recordQuestion: (ref, question) => recordQuestion(redis, prefix, ref, question),
    newestDelivery: async (ref) => Number((await redis.hget(submissionKey(prefix, ref), 'deliverySeq')) ?? 0),
    readTasksAtProvider: () => readTasksAtProvider(redis, prefix),
    takePollTurn: (ref, wish) => takePollTurn(redis, prefix, pollRate, ref, wish),
    find: (generationId, knownRequest) => findGeneration(redis, prefix, generationId, knownRequest),
    findSubmissions: (generationId) => findSubmissions(redis, prefix, generationId),
    restore: (generation) => restoreGeneration(redis, prefix, retention, generation),
    findForgotten: (recorded) => findForgotten(redis, prefix, recorded),
    findGrownUnread: (names) => findGrownUnread(redis, prefix, names),
    expire: (generationId) => closeGeneration(redis, prefix, generationId, 'expired'),
    cancel: (generationId) => closeGeneration(redis, prefix, generationId, 'cancelled'),
    isInitialised: async () => (await redis.exists(epochKey(prefix), readingKey(prefix))) > 0,
    initialise: (epoch, ownerId) => initialise(redis, prefix, epoch, ownerId),
    readOwnership: () => readOwnership(redis, prefix),
    claimOwner: (claim) => claimOwner(redis, prefix, claim),
    adoptOwner: (owner) => adoptOwner(redis, prefix, owner),
    readServerRun: () => readServerRun(redis, prefix, seen),
    beginRebuild: (id) => beginRebuild(redis, prefix, id),
    bookPast: (id, sums) => bookPast(redis, prefix, id, sums),
    finishRebuild: (rebuilt) => finishRebuild(redis, prefix, rebuilt),
    confirmComparison: (run) => confirmComparison(redis, prefix, run),
    noteCheckpoint: () => noteCheckpoint(redis, prefix),
    findCheckpoint: () => findCheckpoint(redis, prefix),
    findCaps: () => findCaps(redis, prefix),
    applyCaps: (caps) => applyCaps(redis, prefix, caps),
    restrictCaps: (lowered) => restrictCaps(redis, prefix, lowered),
    findCapsRestrictions: () => findCapsRestrictions(redis, prefix),
    findLimits: () => findLimits(redis, prefix),
    applyLimits: (limits) => applyLimits(redis, prefix, limits),
    restrictLimits: (lowered) => restrictLimits(redis, prefix, lowered),
    findLimitsRestrictions: () => findLimitsRestrictions(redis, prefix),
    findPauses: () => findPauses(redis, prefix),
    applyPauses: (pauses) => applyPauses(redis, prefix, pauses),
    lookAtSettings: (turnMs) => lookAtSettings(redis, prefix, turnMs),
    setCaps: (caps) => setCaps(redis, prefix, caps),
    reportDiffering: async (words, forSeconds) => void (await redis.set(differingKey(prefix), words, 'EX', forSeconds)),
    findDiffering: async () => (await redis.get(differingKey(prefix))) ?? undefined,
    readTime: () => readTime(redis),
    readUnknown: (limit) => readUnknown(redis, prefix, limit),
    readSpend: (tenant) => readSpend(redis, prefix, tenant),
    listOpen: () => listOpen(redis, prefix),
    readOpenGenerations: () => readOpenGenerations(redis, prefix),
    pauseBuying: (pause) => pauseBuying(redis, prefix, pause),
    resumeBuying: (kinds) => resumeBuying(redis, prefix, kinds),
    claimTurn: async (name, forMs, holder = randomUUID()) =>
      (await takeTurnScript.run(redis, turnKey(prefix, name), [prefix, holder, forMs])) === 1,
    endTurn: async (name, holder) => void (await endTurnScript.run(redis, turnKey(prefix, name), [prefix, holder])),
    findLastPass: () => findLastPass(redis, prefix),
    findPassProgress: () => findPassProgress(redis, prefix),
    pauses: () => readPauses(redis, prefix),
  };
}
