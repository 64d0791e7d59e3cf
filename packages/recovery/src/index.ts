export type { Recovery } from './ports.ts';
export { readOn, type ReadOnOutcome } from './opening/read-on.ts';
export type { LeftOut } from './opening/retry-damaged.ts';
export { rebuild, type RebuildOptions, type RebuildOutcome, type RebuildProgress } from './rebuild.ts';
export { restoreForgotten, type Comparison, type Damage } from './restore-forgotten.ts';
export { restoreGeneration } from './restore-generation.ts';
export type { Finding, Reconciler, ReconcileSettings } from './reconcile/ports.ts';
export { reconcile, type ReconcileOptions } from './reconcile/reconcile.ts';
export { defaultReconcileSettings } from './reconcile/settings.ts';
export { checkOwner, type Belonging } from './owner/check-owner.ts';
export { openOwnedStore, type OpenedStore } from './owner/open-owned-store.ts';
export { takeOverBucket } from './owner/take-over-bucket.ts';
export type { Owning } from './owner/ports.ts';
export { changeCaps, changeLimits, type CapsChange } from './settings/change-setting.ts';
export { pauseByOperator, resumeByOperator, type PausedByOperator, type ResumedByOperator } from './settings/change-pauses.ts';
export type { KeptSettings } from './settings/ports.ts';
export { releaseImage, restoreReleases, type ReleasedImage } from './settings/releases.ts';
export { changeTenantRules, restoreTenantRules } from './settings/tenant-rules.ts';
export { createApiKey, keepApiKey, restoreApiKeys, revokeApiKey, type KeptApiKeys, type RestoredApiKeys } from './settings/api-keys.ts';
export {
  recordWebhookEndpoints,
  restoreWebhookEndpoints,
  type KeptEndpoints,
  type RestoredEndpoints,
} from './settings/webhook-endpoints.ts';
export { restoreCaps, restoreLimits } from './settings/restore-setting.ts';
export { restorePauses, type RestoredPauses } from './settings/restore-pauses.ts';
export type { SumsSearch } from './sums/find-sums.ts';
export { recordSums, type RecordedSums } from './sums/record-sums.ts';
