export { createSharedProducers, type SharedProducers } from './shared-producers.ts';
export { eventOf } from './events/event-of.ts';
