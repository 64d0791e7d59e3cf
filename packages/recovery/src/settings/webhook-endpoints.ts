import type { WebhookEndpointRecord } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The endpoints of tenants: Redis holds what is in force now, S3 every change. */
export interface KeptEndpoints {
  store: Pick<GenerationStore, 'readUnrecordedEndpoints' | 'readEndpointRevision' | 'applyEndpoint' | 'readTime'>;
  archive: Pick<ObjectStorage, 'recordSetting' | 'findNewestSetting' | 'listSettings'>;
}

/** Attempts to find a free revision: one for each change that Redis has forgotten. */
const TRIES = 50;

/** The number of changes that moved in each direction. */
export interface RestoredEndpoints {
  /** Into S3. */
  recorded: number;
  /** Into Redis, which had lost them. */
  broughtBack: number;
}

/**
 * Makes Redis and S3 agree on all endpoints: records what Redis alone has, then brings back the newest change of each endpoint that S3 knows
 * better. Lists one key for each change that was ever made.
 * @throws StorageError if S3 is away, or a change that Redis lacks cannot be read.
 */
export async function restoreWebhookEndpoints(endpoints: KeptEndpoints): Promise<RestoredEndpoints> {
  const { store, archive } = endpoints;
  const recorded = await recordEndpoints(endpoints);
  let broughtBack = 0;
  const failures: unknown[] = [];
  for await (const { id, revision } of archive.listSettings('endpoints')) {
    const known = await store.readEndpointRevision(id);
    if (known !== undefined && known >= revision) continue;
    try {
      const newest = await archive.findNewestSetting('endpoints', id);
      if (newest === undefined) continue;
      if (await store.applyEndpoint({ version: 1, kind: 'endpoints', id, revision: newest.revision, after: newest.after }))
        broughtBack += 1;
    } catch (error) {
      // One damaged endpoint keeps no other from its tenant.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { recorded, broughtBack };
}

/** Records the changes that Redis alone has. A process that dies in between leaves them for the next call, which may record one twice. */
async function recordEndpoints({ store, archive }: KeptEndpoints): Promise<number> {
  let recorded = 0;
  for (;;) {
    const changes = await store.readUnrecordedEndpoints();
    if (changes.length === 0) return recorded;
    for (const { entry, record } of changes) {
      await store.applyEndpoint(await recordNext(archive, record, await store.readTime()), entry);
      recorded += 1;
    }
  }
}

/** Records a change. One whose revision S3 has given to another change, which Redis forgot, gets the next free number. */
async function recordNext(archive: KeptEndpoints['archive'], record: WebhookEndpointRecord, at: number): Promise<WebhookEndpointRecord> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const next = { ...record, revision: record.revision + tries };
    if (await archive.recordSetting({ ...next, at, by: 'redis', before: null })) return next;
  }
  throw new Error(`no revision of endpoint "${record.id}" was free in S3; the change stays in redis`);
}
