export { mapTimes } from './answer-times.ts';
export {
  apiKeyRecordSchema,
  apiKeySchema,
  apiScopes,
  findApiKeyNameProblem,
  isApiKeyId,
  isSameHash,
  mintApiKey,
  parseApiKey,
  type ApiKey,
  type ApiKeyRecord,
  type ApiScope,
  type MintedApiKey,
} from './api-keys.ts';
export { errorCodes, type ErrorCode } from './error-codes.ts';
export {
  ConfigError,
  CorruptRecordError,
  DarkroomError,
  EnqueueManyError,
  ForeignBucketError,
  GenerationError,
  GenerationIdError,
  InvalidRequestError,
  LocalStackError,
  NewerFormatError,
  QueueUnavailableError,
  RebuildNeededError,
  RequestConflictError,
  SpendCapError,
  StorageError,
  StoreNotInitialisedError,
  WebhookEndpointError,
  WebhookSignatureError,
  afterWrite,
  hasCode,
  type DarkroomErrorOptions,
  type Reached,
} from './errors.ts';
export { ProblemList, type Problem } from './problems.ts';
export { boundText } from './bound-text.ts';
export { defined } from './defined.ts';
export { hideSecrets } from './secret-text.ts';
export { durableEvents, type GenerationEvent } from './events.ts';
export type { GenerationSummary, GenerationView, ImageView, QueuePlace } from './generation.ts';
export {
  GENERATION_ID_AHEAD_MS,
  GENERATION_ID_MAX_AGE_MS,
  createGenerationId,
  formatUuid,
  generationIdTime,
  isGenerationId,
} from './generation-id.ts';
export { describeOwner, findOwnerDisagreement, ownerSchema, type Owner, type OwnerMarks } from './owner.ts';
export { coveredAt, isCovered, SPEND_SUMS_VERSION, spendSumsSchema, type CoveredPeriods, type SpendSums } from './spend-sums.ts';
export {
  MAX_TAGS,
  metadataProblems,
  priorities,
  priorityProblems,
  tagProblems,
  tagsProblems,
  type Labels,
  type Priority,
} from './labels.ts';
export { decodeTenant, encodeTenant, isTenant, TENANT_RULE, tenantFolder } from './tenant.ts';
export { describeGiven } from './models/given.ts';
export { findMeant } from './did-you-mean.ts';
export { readOptions, UNREADABLE, type OptionNames } from './unknown-names.ts';
export { isLoopbackHost, scopeOfAddress, withoutBrackets, type AddressScope } from './network-address.ts';
export { findPrefixProblem, KEY_PREFIX_RULE } from './key-prefix.ts';
export { REDIS_ADDRESS_RULE, readRedisAddress, type RedisAddress, type RedisGuides, type RedisHost } from './redis-address.ts';
export { resolveByServers, resolveBySystem, resolveHost, type HostRules, type Resolve } from './resolve-host.ts';
export { canReadUrl } from './can-read-url.ts';
export { findAddressProblem, SERVER_ADDRESS_RULE, WEB_ADDRESS_RULE } from './web-address.ts';
export { BUCKET_RULE, findBucketProblem, findRegionProblem, REGION_RULE } from './s3-names.ts';
export { findSecretProblem } from './header-key.ts';
export { DEFAULT_DAILY_CAP_USD, formatUsd, parseUsd, type NanoUsd } from './money.ts';
export type {
  AccessVerdict,
  DownloadVerdict,
  FaultClass,
  ProviderFault,
  PurchaseOrder,
  SubmitVerdict,
  TaskFacts,
  Told,
  ToldFacts,
  TaskState,
  TrailEntry,
} from './provider.ts';
export {
  faultSchema,
  intentSchema,
  resultSchema,
  roads,
  factSources,
  type FactSource,
  verifiedImageSchema,
  requestObjectSchema,
  type Intent,
  type KeptRequest,
  type ListedRecord,
  type PresentIntent,
  type RecordName,
  type Reservation,
  type SubmissionResult,
  type VerifiedImage,
} from './records.ts';
export {
  buildSettingRecord,
  capNames,
  capsPermitMore,
  capWords,
  changedLimits,
  describeCaps,
  describeCapsDifference,
  DEFAULT_TASKS_AT_PROVIDER,
  TASK_AT_PROVIDER_MS,
  fleetLimitsSchema,
  limitNames,
  limitOf,
  STORE_ID,
  MAX_OPEN_IMAGES,
  MAX_TASKS_AT_PROVIDER,
  MAX_CHANGE_REASON,
  MAX_OPERATOR_NAME,
  SETTING_VERSION,
  settingRecordSchemaOf,
  pauseKinds,
  spendCapsSchema,
  type CapName,
  type FleetLimits,
  type FleetLimitsChange,
  type LimitName,
  type OperatorPause,
  type PauseKind,
  type SettingKind,
  type SettingRecord,
  type SettingValue,
  type Signature,
  type SpendCaps,
  type StorePauses,
} from './store-settings.ts';
export { STORED_FORMAT } from './stored-format.ts';
export { openImageBoundNames, QueueFullError, type OpenImageBound, type ReachedBound } from './queue-full.ts';
export { traceIdOf, traceparentProblems } from './traceparent.ts';
export { timelineSteps, type SubmissionTimeline, type TimelineStep } from './timeline.ts';
export { parseRetryAfter } from './retry-after.ts';
export { RetryRefusedError, retryRefusals, type RefusedImage, type RetryRefusal } from './retry-refused.ts';
export { checksContent, formatReleaseId, MAX_RELEASE_REASON, parseReleaseId } from './image-release.ts';
export {
  areSameRules,
  changeRules,
  DEFAULT_TENANT_WEIGHT,
  MAX_RETAIN_DAYS,
  MAX_TENANT_WEIGHT,
  rulesPermitMore,
  strictestTenantRules,
  tenantNumbers,
  tenantRulesSchema,
  tenantSwitches,
  type TenantRules,
  type TenantRulesChange,
} from './tenant-rules.ts';
export {
  canMoveGeneration,
  canMoveSubmission,
  generationMoves,
  generationStatuses,
  imageMoves,
  imageStatuses,
  isFinalGeneration,
  isFinalSubmission,
  submissionMoves,
  submissionStatuses,
  submissionStatusesBefore,
  type GenerationStatus,
  type ImageStatus,
  type SubmissionStatus,
} from './statuses.ts';
export { formatRef, parseRef, taskUuidOf, type SubmissionRef } from './submission-ref.ts';
export {
  COMPARED_MS,
  defaultTiming,
  MAX_CHECKPOINT_AGE_MS,
  MAX_CLOCK_SKEW_MS,
  pollingTiming,
  timingProblems,
  timingVariable,
  type Timing,
} from './timing.ts';
export { findCallbackProblem } from './notifications/callback-address.ts';
export {
  createEndpointId,
  descriptionProblems,
  isEndpointId,
  isReceiving,
  MAX_ENDPOINT_CHANGES,
  MAX_ENDPOINTS,
  notificationTypesProblems,
  OLD_SECRET_MS,
  requestWebhookSchema,
  signingVersions,
  webhookEndpointRecordSchema,
  webhookEndpointSchema,
  webhookUrlProblems,
  disabledReasons,
  type DisabledReason,
  type RequestWebhook,
  type WebhookEndpoint,
  type WebhookEndpointRecord,
} from './notifications/endpoint.ts';
export {
  notificationIdOf,
  notificationStatuses,
  notificationTypeOf,
  parseNotificationId,
  testNotificationIdOf,
  type NotificationName,
  type NotificationStatus,
} from './notifications/notification-id.ts';
export {
  defaultNotificationTypes,
  notificationTypes,
  TEST_NOTIFICATION,
  type NotificationPayload,
  type NotificationType,
  type SentNotificationType,
} from './notifications/payload.ts';
export { signNotification, type SignedNotification, type WebhookHeaders } from './notifications/signature.ts';
export { verifyWebhook, type GivenHeaders, type VerifyWebhookOptions } from './notifications/verify-webhook.ts';
export {
  deriveWebhookSecret,
  REQUESTS_ENDPOINT,
  webhookSecretsOf,
  type NotificationKeys,
  type WebhookSecretName,
} from './notifications/webhook-secret.ts';
export {
  CAPABILITY_KEYS_RULE,
  checkCapability,
  mintCapability,
  readCapabilityKeys,
  type CapabilityKey,
  type CapabilityKeys,
  type CapabilityVerdict,
} from './webhook-capability.ts';
export { findDimensions, fitsDimensions, formatDimensions, type ExpectedDimensions } from './models/dimensions.ts';
export { earlierOrigin, outlineOfEarlier } from './models/earlier.ts';
export { grokImagineImage } from './models/grok-imagine-image/model.ts';
export { expectedDimensions } from './models/grok-imagine-image/dimensions.ts';
export { exampleRequests } from './models/grok-imagine-image/examples.ts';
export {
  contentTypeOf,
  extensionOf,
  outputFormats,
  type ImageContentType,
  type ImageExtension,
  type OutputFormat,
} from './models/output-format.ts';
export { findKeptInput, formatKeptInput, isKeptInput, type KeptInput } from './models/grok-imagine-image/kept-input.ts';
export { modelId, parameters, prices, responseFields, taskType, type ParameterPath } from './models/grok-imagine-image/page.ts';
export { checkGrokImagineRequest, parseGrokImagineRequest, parseStoredGrokImagineRequest } from './models/grok-imagine-image/parse.ts';
export { quote } from './models/grok-imagine-image/quote.ts';
export {
  defaultRequestLimits,
  MOST_REFERENCE_IMAGES,
  type ReferenceImageKind,
  type RequestLimits,
} from './models/grok-imagine-image/reference-images.ts';
export type {
  DeliveryMethod,
  Geometry,
  GrokImagineRequest,
  GrokImagineRequestInput,
  OutputType,
  Resolution,
  SafetyMode,
} from './models/grok-imagine-image/request.ts';
export { responseItemSchema, type ResponseItem } from './models/grok-imagine-image/response.ts';
export { findSize, isSupportedSize, sizeOfRatio, sizes, type Ratio, type Size } from './models/grok-imagine-image/sizes.ts';
export { createModels, knownModels, modelOf, type Models } from './models/known-models.ts';
export type { Model } from './models/model.ts';
export type { ModelRequest, RequestInput } from './models/model-requests.ts';
export { outlineOfIntent } from './models/outline-of-intent.ts';
export type { ExpectedImage, RequestOutline } from './models/outline.ts';
export type { Parameter, ResponseField } from './models/parameter.ts';
export { buildQuote, type Quote } from './models/quote.ts';
export { parseStoredRequest, type StoredRequest } from './models/stored-request.ts';
