export type { Recovery, RecoveryArchive, RecoveryStore, RecoveryWaits } from './ports.ts';
export { rebuild, type RebuildOptions, type RebuildOutcome, type RebuildProgress, type RebuildStore } from './rebuild.ts';
export { restoreForgotten, type Comparison, type Damage } from './restore-forgotten.ts';
export { restoreGeneration } from './restore-generation.ts';
export type { Finding, ReconcileArchive, Reconciler, ReconcileJobs, ReconcileSettings, ReconcileStore } from './reconcile/ports.ts';
export { reconcile, type ReconcileOptions } from './reconcile/reconcile.ts';
export { defaultReconcileSettings } from './reconcile/settings.ts';
