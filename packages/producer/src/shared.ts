export { createSharedProducers, type SharedProducers } from './shared-producers.ts';
