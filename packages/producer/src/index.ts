export { createProducer, type Enqueued, type EnqueueOptions, type Producer, type ProducerOptions } from './create-producer.ts';
export type { WaitOptions } from './wait.ts';
