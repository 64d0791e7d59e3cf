export { createSharedProducers, type SharedProducers } from './shared-producers.ts';
export { eventOf } from './events/event-of.ts';
export { buildRetryChange, cancelChange, changeOne, quoteOfKnown, type Change, type Changed, type ChangedOne } from './many/change.ts';
export { eachOf } from './many/each-of.ts';
export { walkList } from './many/walk-list.ts';
export { requestProblems } from './prepare-generation.ts';
