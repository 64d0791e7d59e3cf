export type { Recovery, RecoveryArchive, RecoveryStore, RecoveryWaits } from './ports.ts';
export { restoreForgotten, type Comparison, type Damage } from './restore-forgotten.ts';
export { restoreGeneration } from './restore-generation.ts';
