import type { WebhookEndpointRecord } from '@darkroom/contracts';
import type { GenerationStore, KnownEndpoint } from '@darkroom/generation-store';
import type { ListedSetting, ObjectStorage } from '@darkroom/object-storage';
import { eachAtOnce } from '../at-once.ts';

/** The endpoints of tenants: Redis holds what is in force now, S3 every change. */
export interface KeptEndpoints {
  store: Pick<GenerationStore, 'readUnrecordedEndpoints' | 'readKnownEndpoints' | 'applyEndpoint' | 'readTime'>;
  archive: Pick<ObjectStorage, 'recordSetting' | 'findNewestSetting' | 'listSettings' | 'markSettingEnded'>;
}

/** Attempts to find a free revision: one for each change that Redis has forgotten. */
const TRIES = 50;
/** Endpoints of which Redis is asked in one trip. */
const ASKED_AT_ONCE = 500;
/** Endpoints that are read from S3 at a time. */
const READ_AT_ONCE = 16;

/** The number of changes that moved in each direction. */
export interface RestoredEndpoints {
  /** Into S3. */
  recorded: number;
  /** Into Redis, which had lost them. */
  broughtBack: number;
}

/**
 * Makes Redis and S3 agree on all endpoints: records what Redis alone has, then brings back the newest change of each endpoint that S3 knows
 * better. Lists one key for each change that was ever made, and one for each endpoint that was deleted: of such a one nothing is read, unless
 * Redis went back and has it again.
 * @throws StorageError if S3 is away, or a change that Redis lacks cannot be read.
 */
export async function restoreWebhookEndpoints(endpoints: KeptEndpoints): Promise<RestoredEndpoints> {
  const recorded = await recordWebhookEndpoints(endpoints);
  const failures: unknown[] = [];
  let broughtBack = 0;
  const restoreSome = async (listed: readonly ListedSetting[]): Promise<void> => {
    const known = await endpoints.store.readKnownEndpoints(listed.map(({ id }) => id));
    const lost = listed.filter((each) => isKnownBetter(each, known.get(each.id)));
    await eachAtOnce(lost, READ_AT_ONCE, async (each) => {
      try {
        if (await bringBack(endpoints, each)) broughtBack += 1;
      } catch (error) {
        // One damaged endpoint keeps no other from its tenant.
        failures.push(error);
      }
    });
  };
  let some: ListedSetting[] = [];
  for await (const listed of endpoints.archive.listSettings('endpoints')) {
    some.push(listed);
    if (some.length < ASKED_AT_ONCE) continue;
    await restoreSome(some);
    some = [];
  }
  await restoreSome(some);
  if (failures.length > 0) throw failures[0];
  return { recorded, broughtBack };
}

/** Returns true if S3 may know an endpoint better than Redis. */
function isKnownBetter({ revision, isEnded }: ListedSetting, known: KnownEndpoint = 'absent'): boolean {
  if (known === 'unsure') return true;
  if (known === 'absent') return !isEnded;
  // One that was deleted before there were marks leaves Redis once it has one.
  return known.revision < revision || (known.isDeleted && !isEnded);
}

/** Writes the newest change of an endpoint into Redis. @returns true if it is the newest one there, too. */
async function bringBack({ store, archive }: KeptEndpoints, { id, isEnded }: ListedSetting): Promise<boolean> {
  const newest = await archive.findNewestSetting('endpoints', id);
  if (newest === undefined) return false;
  const { revision, after } = newest;
  if (after.status === 'deleted' && !isEnded) await archive.markSettingEnded('endpoints', id);
  return store.applyEndpoint({ version: 1, kind: 'endpoints', id, revision, after });
}

/**
 * Records the changes that Redis alone has. A process that dies in between leaves them for the next call, which may record one twice.
 * @returns their number.
 */
export async function recordWebhookEndpoints({ store, archive }: KeptEndpoints): Promise<number> {
  let recorded = 0;
  for (;;) {
    const changes = await store.readUnrecordedEndpoints();
    if (changes.length === 0) return recorded;
    for (const { entry, record } of changes) {
      const next = await recordNext(archive, record, await store.readTime());
      if (next.after.status === 'deleted') await archive.markSettingEnded('endpoints', next.id);
      await store.applyEndpoint(next, entry);
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
