export {
  ConfigError,
  createGenerationId,
  DarkroomError,
  EnqueueManyError,
  GenerationError,
  GenerationIdError,
  hasCode,
  InvalidRequestError,
  isFinalGeneration,
  QueueUnavailableError,
  RequestConflictError,
  SpendCapError,
  StoreNotInitialisedError,
  type GenerationStatus,
  type GenerationView,
  type GrokImagineRequestInput,
  type ImageView,
  type Problem,
  type Quote,
} from '@darkroom/contracts';
export { createProducer } from './create-producer.ts';
export type { Enqueued } from './enqueue.ts';
export type { EnqueueManyOptions, EnqueueOptions, ProducerOptions } from './options.ts';
export type { GenerateOptions, NoOptions, Producer } from './producer.ts';
export type { WaitOptions } from './wait.ts';
