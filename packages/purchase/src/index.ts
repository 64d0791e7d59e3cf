export { consequencesOf } from './end-submission.ts';
export type { Outcome } from './outcome.ts';
export type {
  Bytes,
  Commitment,
  Provider,
  PurchaseArchive,
  PurchaseStore,
  PurchaseSurroundings,
  Settlement,
  SettleReply,
  SubmissionView,
  Waits,
} from './ports.ts';
export type { Purchase, PurchaseSettings } from './purchase.ts';
export { settle } from './settle.ts';
export { submit } from './submit.ts';
