import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** A store, a bucket, and the marks that name their owner. */
export interface Owning {
  store: Pick<
    GenerationStore,
    | 'readOwnership'
    | 'claimOwner'
    | 'adoptOwner'
    | 'initialise'
    | 'readServerRun'
    | 'readSpend'
    | 'listOpen'
    | 'findSubmissions'
    | 'raiseStoreFormat'
  >;
  archive: Pick<
    ObjectStorage,
    'findOwner' | 'recordOwner' | 'findFormat' | 'recordFormat' | 'hasRecords' | 'listRecordsOfDate' | 'listRecordsOf'
  >;
  /** Key prefix in Redis. */
  prefix: string;
  /** Binds a process to one Darkroom (`DARKROOM_ID`): it opens no other, and no empty Redis or bucket. */
  darkroomId?: string;
  createId: () => string;
}
