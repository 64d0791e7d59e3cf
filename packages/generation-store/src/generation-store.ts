import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { bindOperations } from './bind-operations.ts';
import { readTime } from './connection/read-time.ts';
import { closeGeneration } from './enqueue/close-generation.ts';
import { readOpenImages } from './enqueue/read-open-images.ts';
import { createEnqueue } from './enqueue/create-enqueue.ts';
import { findGeneration, findSubmissions } from './enqueue/find-generation.ts';
import { findTimeline } from './enqueue/find-timeline.ts';
import { forgetRequest } from './enqueue/forget-request.ts';
import type { Retention } from './enqueue/retention.ts';
import { returnRequest } from './enqueue/return-request.ts';
import { findRetried, retryGeneration, type NewRetry } from './enqueue/retry.ts';
import { checkMemory } from './enqueue/unread.ts';
import { findBulk, requestBulk } from './erasing/request-bulk.ts';
import { findErasure, requestErasure } from './erasing/request-erasure.ts';
import { countGenerations, findPlaceAt } from './lists/count-generations.ts';
import { findByDigits } from './lists/find-by-digits.ts';
import { findIdByKey } from './lists/find-id-by-key.ts';
import { listGenerations } from './lists/list-generations.ts';
import { readMinutes } from './lists/read-minutes.ts';
import { readOldestWaiting } from './lists/read-oldest-waiting.ts';
import { readTotals } from './lists/read-totals.ts';
import { takeEnded } from './lists/take-ended.ts';
import { readTenantsOf } from './money/period-tenants.ts';
import { readSpend } from './money/spend.ts';
import { readUnknown } from './money/unknown-outcomes.ts';
import { beginSettlement } from './purchase/begin-settlement.ts';
import { commit } from './purchase/commit.ts';
import { newestDelivery, recordDelivery } from './purchase/deliveries.ts';
import { isDryRunCharged, noteDryRunCharged, readHeldWorkers, reportFree, reportHeld } from './purchase/held-workers.ts';
import { adoptIntent, isNewestSend } from './purchase/open-send.ts';
import { takePollTurn, type PollRate } from './purchase/poll-line.ts';
import { findFailedSends, findTrouble, reportAnswer, reportTrouble } from './purchase/provider-trouble.ts';
import { recordFacts, recordKeptImage, recordMissingImage } from './purchase/record-image.ts';
import { recordLook } from './purchase/record-look.ts';
import { recordQuestion } from './purchase/record-question.ts';
import { recordRefusalSeen, recordVerdict } from './purchase/record-verdict.ts';
import { settle } from './purchase/settle.ts';
import type { PollWish } from './purchase/steps.ts';
import { countRefusal, countStrike } from './purchase/strikes.ts';
import { findNoWorkerSince, noteWorkerSeen, readWorkerSeen } from './purchase/worker-life.ts';
import { readTasksAtProvider } from './purchase/tasks-at-provider.ts';
import { findCheckpoint, noteCheckpoint } from './recovery/checkpoint.ts';
import { findForgotten } from './recovery/find-forgotten.ts';
import { findLastPass, findPassProgress } from './recovery/last-pass.ts';
import { listOpen, readOpenGenerations } from './recovery/open-generations.ts';
import { adoptOwner, claimOwner, readOwnership } from './recovery/ownership.ts';
import { compareUnread } from './recovery/compare-unread.ts';
import { listDamaged } from './recovery/damaged.ts';
import { findReading } from './recovery/reading.ts';
import { beginRebuild, bookPast, finishRebuild } from './recovery/rebuild.ts';
import type { RememberedGeneration } from './recovery/remembered.ts';
import { rememberHome, rememberRetry } from './recovery/remember-retry.ts';
import { restoreGeneration } from './recovery/restore.ts';
import { createSeenState } from './recovery/seen-state.ts';
import { confirmComparison, initialise, isInitialised, readServerRun } from './recovery/server-run.ts';
import { claimTurn, endTurn } from './recovery/turns.ts';
import {
  addApiKey,
  applyApiKey,
  findApiKey,
  listApiKeys,
  readApiKeyRevisions,
  readUnrecordedApiKeys,
  revokeApiKey,
  useApiKey,
} from './settings/api-keys.ts';
import { readKnownEndpoints } from './notifications/many-endpoints.ts';
import { applyEndpoint, readUnrecordedEndpoints } from './notifications/webhook-endpoints.ts';
import { countUnreadableChanges } from './settings/unrecorded-changes.ts';
import { countGivenUp, findFailingEndpoints } from './notifications/failing-endpoints.ts';
import { pauseBuying, readPauses, resumeBuying } from './settings/buying-pause.ts';
import { applyCaps, findCaps, findCapsChange, findCapsRestrictions, restrictCaps, setCaps } from './settings/caps.ts';
import { findDiffering, reportDiffering } from './settings/differing.ts';
import { applyLimits, findLimits, findLimitsRestrictions, restrictLimits } from './settings/limits.ts';
import { lookAtSettings } from './settings/look-at-settings.ts';
import { applyPauses, findPauses } from './settings/operator-pause.ts';
import { noteAct, readActs } from './settings/acts.ts';
import { addBulkAct, findBulkAct, listBulkActs, listBulkActsUnderWay, stepBulkAct } from './settings/bulk-acts.ts';
import { readImageRules } from './settings/image-rules.ts';
import { releaseImage } from './settings/release-image.ts';
import { raiseStoreFormat, readStoreFormat } from './settings/store-format.ts';
import { readWithheld } from './settings/withheld.ts';
import {
  applyTenantRules,
  findTenantRestrictions,
  findTenantRules,
  listRestrictedTenants,
  listTenantsWithRules,
  readTenantRevisions,
  holdDamagedRules,
  restrictTenant,
} from './settings/tenant-rules.ts';

export interface GenerationStoreConfig {
  /** Prefix of every key; holds a hash tag. */
  prefix: string;
  retention: Retention;
  pollRate: PollRate;
  /** Returns the Darkroom of this process once it is known. In the Redis of another one the process buys nothing. */
  ownerId?: () => string | undefined;
}

/** The entries of generations in Redis, and the shared state of the fleet. Every method is one round trip, every change one script. */
export interface GenerationStore extends ReturnType<typeof bindAll> {}

/** Builds the store on a connection that its caller keeps and closes. The file of each operation describes it. */
export const buildGenerationStore = (config: GenerationStoreConfig, redis: Redis): GenerationStore => bindAll(config, redis);

function bindAll({ prefix, retention, pollRate, ownerId }: GenerationStoreConfig, redis: Redis) {
  const bind = bindOperations(redis, prefix);
  const seen = createSeenState();
  return {
    // generations
    enqueue: createEnqueue(redis, prefix, retention),
    retry: (retry: NewRetry) => retryGeneration(redis, prefix, retention, retry),
    findRetried: bind(findRetried),
    find: bind(findGeneration),
    checkMemory: bind(checkMemory),
    findSubmissions: bind(findSubmissions),
    findTimeline: bind(findTimeline),
    findIdByKey: bind(findIdByKey),
    list: bind(listGenerations),
    findByDigits: bind(findByDigits),
    count: bind(countGenerations),
    findPlaceAt: bind(findPlaceAt),
    minutes: bind(readMinutes),
    totals: bind(readTotals),
    takeEnded: bind(takeEnded),
    oldestWaiting: bind(readOldestWaiting),
    forgetRequest: bind(forgetRequest),
    returnRequest: bind(returnRequest),
    cancel: (generationId: string, tenant?: string) => closeGeneration(redis, prefix, generationId, 'cancelled', tenant),
    requestErasure: bind(requestErasure),
    findErasure: bind(findErasure),
    requestBulk: bind(requestBulk),
    findBulk: bind(findBulk),
    expire: (generationId: string) => closeGeneration(redis, prefix, generationId, 'expired'),

    // the steps of a purchase
    commit: (ref: SubmissionRef, token: string, jobNumber?: number) => commit(redis, prefix, ref, token, ownerId?.(), jobNumber, seen),
    adoptIntent: bind(adoptIntent),
    isNewestSend: bind(isNewestSend),
    recordVerdict: bind(recordVerdict),
    recordRefusalSeen: bind(recordRefusalSeen),
    recordLook: bind(recordLook),
    beginSettlement: bind(beginSettlement),
    recordFacts: bind(recordFacts),
    recordKeptImage: bind(recordKeptImage),
    recordQuestion: bind(recordQuestion),
    recordMissingImage: bind(recordMissingImage),
    settle: bind(settle),
    recordDelivery: bind(recordDelivery),
    newestDelivery: bind(newestDelivery),

    // the provider, as the fleet knows it
    reportTrouble: bind(reportTrouble),
    reportAnswer: bind(reportAnswer),
    findTrouble: bind(findTrouble),
    findFailedSends: bind(findFailedSends),
    countStrike: bind(countStrike),
    countRefusal: bind(countRefusal),
    reportHeld: bind(reportHeld),
    reportFree: bind(reportFree),
    heldWorkers: bind(readHeldWorkers),
    noteDryRunCharged: bind(noteDryRunCharged),
    isDryRunCharged: bind(isDryRunCharged),
    readTasksAtProvider: bind(readTasksAtProvider),
    readOpenImages: bind(readOpenImages),
    noteWorkerSeen: bind(noteWorkerSeen),
    readWorkerSeen: bind(readWorkerSeen),
    findNoWorkerSince: bind(findNoWorkerSince),
    takePollTurn: (ref: SubmissionRef, wish: PollWish) => takePollTurn(redis, prefix, pollRate, ref, wish),

    // money
    readSpend: bind(readSpend),
    tenantsOf: bind(readTenantsOf),
    readUnknown: bind(readUnknown),

    // settings
    findCaps: bind(findCaps),
    findCapsChange: bind(findCapsChange),
    applyCaps: bind(applyCaps),
    restrictCaps: bind(restrictCaps),
    findCapsRestrictions: bind(findCapsRestrictions),
    setCaps: bind(setCaps),
    findLimits: bind(findLimits),
    applyLimits: bind(applyLimits),
    restrictLimits: bind(restrictLimits),
    findLimitsRestrictions: bind(findLimitsRestrictions),
    pauses: bind(readPauses),
    pauseBuying: bind(pauseBuying),
    resumeBuying: bind(resumeBuying),
    findPauses: bind(findPauses),
    applyPauses: bind(applyPauses),
    findTenantRules: bind(findTenantRules),
    applyTenantRules: bind(applyTenantRules),
    findTenantRestrictions: bind(findTenantRestrictions),
    holdDamagedRules: bind(holdDamagedRules),
    restrictTenant: bind(restrictTenant),
    readImageRules: bind(readImageRules),
    releaseImage: bind(releaseImage),
    readWithheld: bind(readWithheld),
    listTenantsWithRules: bind(listTenantsWithRules),
    listRestrictedTenants: bind(listRestrictedTenants),
    readTenantRevisions: bind(readTenantRevisions),
    addApiKey: bind(addApiKey),
    revokeApiKey: bind(revokeApiKey),
    useApiKey: bind(useApiKey),
    findApiKey: bind(findApiKey),
    listApiKeys: bind(listApiKeys),
    readUnrecordedApiKeys: bind(readUnrecordedApiKeys),
    readApiKeyRevisions: bind(readApiKeyRevisions),
    applyApiKey: bind(applyApiKey),
    readUnrecordedEndpoints: bind(readUnrecordedEndpoints),
    readKnownEndpoints: bind(readKnownEndpoints),
    applyEndpoint: bind(applyEndpoint),
    countUnreadableChanges: bind(countUnreadableChanges),
    findFailingEndpoints: bind(findFailingEndpoints),
    countGivenUp: bind(countGivenUp),
    noteAct: bind(noteAct),
    readActs: bind(readActs),
    addBulkAct: bind(addBulkAct),
    stepBulkAct: bind(stepBulkAct),
    findBulkAct: bind(findBulkAct),
    listBulkActs: bind(listBulkActs),
    listBulkActsUnderWay: bind(listBulkActsUnderWay),
    lookAtSettings: bind(lookAtSettings),
    reportDiffering: bind(reportDiffering),
    findDiffering: bind(findDiffering),

    // the memory of Redis
    readTime: () => readTime(redis),
    isInitialised: bind(isInitialised),
    initialise: bind(initialise),
    readServerRun: () => readServerRun(redis, prefix, seen),
    confirmComparison: bind(confirmComparison),
    readStoreFormat: bind(readStoreFormat),
    raiseStoreFormat: bind(raiseStoreFormat),
    noteCheckpoint: bind(noteCheckpoint),
    findCheckpoint: bind(findCheckpoint),
    readOwnership: bind(readOwnership),
    claimOwner: bind(claimOwner),
    adoptOwner: bind(adoptOwner),
    restore: (generation: RememberedGeneration) => restoreGeneration(redis, prefix, retention, generation),
    rememberRetry: bind(rememberRetry),
    rememberHome: bind(rememberHome),
    findForgotten: bind(findForgotten),
    compareUnread: bind(compareUnread),
    findReading: bind(findReading),
    listDamaged: bind(listDamaged),
    beginRebuild: bind(beginRebuild),
    bookPast: bind(bookPast),
    finishRebuild: bind(finishRebuild),
    listOpen: bind(listOpen),
    readOpenGenerations: bind(readOpenGenerations),
    claimTurn: bind(claimTurn),
    endTurn: bind(endTurn),
    findLastPass: bind(findLastPass),
    findPassProgress: bind(findPassProgress),
  };
}
