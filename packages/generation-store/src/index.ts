export { pauseKinds, type BuyingPause, type PauseKind } from './buying-pause.ts';
export { connectFailFast, connectPatient } from './connection.ts';
export type { DeliveryReceipt } from './deliveries.ts';
export type { EnqueueReceipt, NewGeneration, Retention } from './enqueue.ts';
export { buildGenerationStore, type GenerationStore, type GenerationStoreConfig, type SpendCaps } from './generation-store.ts';
export { DEFAULT_PREFIX, eventChannel, hasHashTag } from './keys.ts';
export type { OpenGenerations } from './open-generations.ts';
export type { PollRate } from './poll-bucket.ts';
export type { PeriodSpend } from './spend.ts';
