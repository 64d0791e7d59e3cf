export { holdKinds, type HeldWorker, type HoldKind } from './purchase/held-workers.ts';
export { isLiftable, standingPauseKinds, type BuyingPause, type StandingPause } from './settings/buying-pause.ts';
export type { CapsChanged, StoredCaps } from './settings/caps.ts';
export { connectFailFast, connectPatient, connectSubscriber } from './connection/connect.ts';
export { erasedError } from './enqueue/find-generation.ts';
export { openError, type FoundErasure } from './erasing/request-erasure.ts';
export type { AgedPlace, AgedState, AgedWhat, KeptDays } from './erasing/by-age.ts';
export type { StandingTombstone } from './erasing/note-tombstones.ts';
export type { BulkMove, BulkTurn } from './erasing/bulk-turns.ts';
export type { FoundBulk, NewBulk } from './erasing/request-bulk.ts';
export type { DueErasure } from './erasing/sweeps.ts';
export { digestOfTag } from './enqueue/new-generation.ts';
export { buildErasingStore, type ErasingStore } from './erasing/erasing-store.ts';
export { buildEventGroup, type EventGroup } from './events/event-group.ts';
export { buildEventTail, waitForEvents, type EventTail } from './events/event-tail.ts';
export { isPlaceBefore, type LoggedEvent } from './events/logged-event.ts';
export type { FoundByDigits } from './lists/find-by-digits.ts';
export type { ListFilter, ListPage, ListPlace } from './lists/list-generations.ts';
export { refusalCodes, type MinuteCounts } from './lists/read-minutes.ts';
export { waitingStages, type OldestWaiting } from './lists/read-oldest-waiting.ts';
export type { Totals } from './lists/read-totals.ts';
export type { EndedGeneration } from './lists/take-ended.ts';
export { describeRedisAddress } from './connection/redis-address.ts';
export { hearRefusal } from './connection/hear-refusal.ts';
export {
  describeRedisServer,
  examineRedis,
  readRedisState,
  redisShortcomings,
  type ExaminedRedis,
  type RedisShortcoming,
  type RedisState,
} from './connection/examine-redis.ts';
export { redisCureOf } from './connection/redis-cure.ts';
export {
  needsNewConnection,
  NotSentError,
  ranNothing,
  redisTroubleOf,
  type RedisReason,
  type RedisTrouble,
} from './connection/redis-trouble.ts';
export { createIdleLook } from './connection/leave-old-node.ts';
export { watchConnection, type ConnectionState, type ConnectionWatch } from './connection/watch-connection.ts';
export { hasNewerFormat, watchRedis } from './connection/watch-redis.ts';
export { checkFormat } from './connection/check-format.ts';
export type { DeliveryReceipt } from './purchase/deliveries.ts';
export { passByCorrupt } from './corrupt-entry.ts';
export type { EnqueueReceipt, EnqueueReply, NewGeneration } from './enqueue/enqueue.ts';
export { buildGenerationStore, type GenerationStore, type GenerationStoreConfig } from './generation-store.ts';
export { DEFAULT_PREFIX, eventChannel, eventLogKey } from './keys.ts';
export type { Act } from './settings/acts.ts';
export type { ApiKeyRevisions, StoredApiKey } from './settings/api-keys.ts';
export { bulkActTurn, type BulkAct, type BulkActState, type BulkActStep } from './settings/bulk-acts.ts';
export { imageRuleNames, uncheckedProblem, type ImageRules } from './settings/image-rules.ts';
export type { StoredLimits } from './settings/limits.ts';
export type { StoredPauses } from './settings/operator-pause.ts';
export type { WithheldImage } from './settings/withheld.ts';
export type { StoredTenantRules } from './settings/tenant-rules.ts';
export type { OpenGenerations } from './recovery/open-generations.ts';
export type { PollRate } from './purchase/poll-line.ts';
export type { DamagedGeneration, NewDamage } from './recovery/damaged.ts';
export { buildReadingStore, READING_TURN, type Reading, type ReadingPlan, type ReadingStore } from './recovery/reading.ts';
export type { RememberedRetry } from './recovery/remember-retry.ts';
export type { BegunRebuild } from './recovery/rebuild.ts';
export { defaultRetention, type Retention } from './enqueue/retention.ts';
export { lookSurely } from './enqueue/unread.ts';
export { MAX_RUN_AHEAD_DAYS } from './enqueue/admit-generation.ts';
export { receiptOf } from './enqueue/enqueue.ts';
export { retryReceiptOf, type NewRetry, type RetryReceipt, type RetryReply } from './enqueue/retry.ts';
export type { ComparedMemory, ServerRun } from './recovery/server-run.ts';
export { aclLineOf, aclRulesOf, redisUserOf } from './rights/acl-rules.ts';
export { findMissingRights, type MissingRight } from './rights/find-missing-rights.ts';
export { findRightsTrouble } from './rights/rights-trouble.ts';
export { redisProcesses, redisRights, type RedisProcess, type RedisRights } from './rights/redis-rights.ts';
export type { LeftIdempotencyKey, ScannedNames } from './recovery/indexes.ts';
export type { UnclaimedDelivery } from './recovery/unclaimed.ts';
export type { CompareStep, LedgerDrift, SumStep } from './recovery/ledger.ts';
export type { LinePage } from './recovery/mend-line.ts';
export type { OpenImagesPage } from './recovery/mend-open-images.ts';
export type { OpenImages } from './enqueue/read-open-images.ts';
export type { MendReply } from './recovery/mend.ts';
export { buildReconcileStore, type ReconcileStore } from './recovery/reconcile-store.ts';
export type { FailedSends, StandingTrouble } from './purchase/provider-trouble.ts';
export { buildSpendSumsStore, type SpendSumsStore, type SumsBase } from './money/spend-sums.ts';
export type { TenantPage, TenantPeriod, TenantSpend } from './money/period-tenants.ts';
export type { PeriodSpend } from './money/spend.ts';
export type { UnknownOutcome, UnknownOutcomes } from './money/unknown-outcomes.ts';
export {
  type Commitment,
  type FairPlace,
  type MissingImage,
  type PollLeg,
  type PollTurn,
  type PollWish,
  type ProviderTrouble,
  type PutQuestion,
  type SendVerdict,
  type Settlement,
  type SettleReply,
  type StandingConflict,
  type SubmissionView,
  type VerdictMeaning,
} from './purchase/steps.ts';
export type {
  FoundSubmission,
  PeriodMoney,
  RecordedSubmission,
  RememberedGeneration,
  RememberedSubmission,
} from './recovery/remembered.ts';
export {
  findingKinds,
  findingWords,
  passReportSchema,
  type FindingKind,
  type FindingPlace,
  type GenerationPicture,
  type KnownGeneration,
  type KnownSubmission,
  type Mended,
  type OpenCursor,
  type PassPlace,
  type PassProgress,
  type PassReport,
  type SubmissionPicture,
} from './recovery/findings.ts';
export type { Restriction } from './settings/restrictions.ts';
export type { FailedNotification, LoggedNotification, NotificationNote } from './notifications/notification-log.ts';
export type { Resend } from './notifications/resends.ts';
export type { FailingEndpoint, FailingNotifications } from './notifications/failing-endpoints.ts';
export type { NotifiedGeneration } from './notifications/notified.ts';
export type { EndpointCounts, KnownEndpoint } from './notifications/many-endpoints.ts';
export type { StoredEndpoint } from './notifications/webhook-endpoints.ts';
export { buildNotificationStore, type NotificationStore } from './notifications/notification-store.ts';
