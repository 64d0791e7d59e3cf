import type { GenerationStore, Restriction } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** A change that restricts, as Redis alone holds it. */
export type MadeRestriction = Omit<Restriction, 'values'>;

/** The settings of the store: Redis holds what applies now, S3 every change. */
export interface KeptSettings {
  store: Pick<
    GenerationStore,
    | 'findCaps'
    | 'applyCaps'
    | 'findCapsRestrictions'
    | 'findLimits'
    | 'applyLimits'
    | 'findLimitsRestrictions'
    | 'findPauses'
    | 'applyPauses'
    | 'findTenantRules'
    | 'applyTenantRules'
    | 'findTenantRestrictions'
    | 'listTenantsWithRules'
    | 'listRestrictedTenants'
    | 'readTenantRevisions'
    | 'holdDamagedRules'
    | 'releaseImage'
    | 'readTime'
    | 'readServerRun'
  >;
  archive: Pick<ObjectStorage, 'recordSetting' | 'findNewestSetting' | 'listSettings'>;
}
