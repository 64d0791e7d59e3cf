export { decideOutcome, decisions, type Decided, type Decision } from './decide-outcome.ts';
export { consequencesOf } from './end-submission.ts';
export { findHomeImages } from './find-home-images.ts';
export type { Outcome } from './outcome.ts';
export type { Access, Provider, PurchaseArchive, PurchaseStore, PurchaseSurroundings } from './ports.ts';
export type { Purchase, PurchaseSettings } from './purchase.ts';
export { settle } from './settle.ts';
export { submit } from './submit.ts';
