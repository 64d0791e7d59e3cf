import type { FoundSubmission, ListedRecord, Owner } from '@darkroom/contracts';

/** What knowing the owner of a bucket needs of the store (generation-store). */
export interface OwnedStore {
  readOwnership(): Promise<{ now: number; epoch?: string; ownerId?: string; claim?: OwnerClaim }>;
  claimOwner(claim: OwnerClaim): Promise<OwnerClaim>;
  adoptOwner(owner: OwnerClaim): Promise<boolean>;
  initialise(epoch: string, ownerId?: string): Promise<boolean>;
  readServerRun(): Promise<{ isRecovering: boolean }>;
  readSpend(): Promise<readonly { settledNanoUsd: number }[]>;
  listOpen(): AsyncIterable<string>;
  findSubmissions(generationId: string): Promise<FoundSubmission[]>;
}

export interface OwnerClaim {
  id: string;
  epoch: string;
}

/** What it needs of the bucket (object-storage). */
export interface OwnedBucket {
  findOwner(): Promise<Owner | undefined>;
  recordOwner(owner: Owner): Promise<Owner>;
  hasRecords(): Promise<boolean>;
  listRecordsOfDate(date: string): AsyncIterable<ListedRecord>;
  listRecordsOf(generationId: string): Promise<ListedRecord[]>;
}

/** A store, a bucket, and what they are known by. */
export interface Owning {
  store: OwnedStore;
  archive: OwnedBucket;
  /** Key prefix in Redis. */
  prefix: string;
  /** Binds a process to one Darkroom (`DARKROOM_ID`): it opens no other, and no empty Redis or bucket. */
  darkroomId?: string;
  createId: () => string;
}
