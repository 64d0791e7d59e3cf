export { createProducer, type Enqueued, type Producer } from './create-producer.ts';
export type { EnqueueOptions, ProducerOptions } from './options.ts';
export type { WaitOptions } from './wait.ts';
