export type { EraseOptions, Erasure } from './erase.ts';
export type { BulkErasure, ErasedMany } from './erase-many.ts';
export {
  ConfigError,
  createGenerationId,
  DarkroomError,
  durableEvents,
  EnqueueManyError,
  GenerationError,
  GenerationIdError,
  hasCode,
  InvalidRequestError,
  isFinalGeneration,
  NewerFormatError,
  QueueUnavailableError,
  RequestConflictError,
  QueueFullError,
  RetryRefusedError,
  SpendCapError,
  StoreNotInitialisedError,
  WebhookEndpointError,
  type GenerationStatus,
  type GenerationSummary,
  type GenerationView,
  type GrokImagineRequestInput,
  type RequestInput,
  type ImageView,
  type NotificationStatus,
  type NotificationType,
  type SentNotificationType,
  type Problem,
  type Quote,
  type RefusedImage,
  type RetryRefusal,
  type SubmissionTimeline,
  type TimelineStep,
} from '@darkroom/contracts';
export { createProducer } from './create-producer.ts';
export type { Enqueued } from './enqueue.ts';
export type { EnqueueWarning } from './enqueue-warnings.ts';
export { createEvents } from './events/create-events.ts';
export type { DarkroomEvent, Events, EventsGap, EventsOptions } from './events/events.ts';
export type { EnqueueManyOptions, EnqueueOptions, ProducerOptions } from './options.ts';
export type { FindByKeyOptions, GenerateOptions, NoOptions, Producer, RequestQuote } from './producer.ts';
export type { GenerationPage, ListOptions } from './list.ts';
export type { SpendOptions, SpendPeriod } from './spend.ts';
export type { Retried, RetryOptions } from './retry.ts';
export { createWebhookEndpoints } from './webhook-endpoints/create-webhook-endpoints.ts';
export type {
  NewWebhookEndpoint,
  NotificationListOptions,
  NotificationPage,
  NotificationView,
  WebhookEndpointChange,
  WebhookEndpoints,
  WebhookEndpointsOptions,
  WebhookEndpointView,
  WebhookEndpointWithSecret,
} from './webhook-endpoints/webhook-endpoints.ts';
export type { WaitOptions } from './wait.ts';
export type { WatchOptions } from './watch.ts';
