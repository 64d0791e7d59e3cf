import { randomUUID } from 'node:crypto';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Owning } from '@darkroom/recovery';
import { darkroomSettings, readSettings, type Environment } from '@darkroom/service-runtime';

/** Joins a store and a bucket, to ask whether they belong together. @throws ConfigError for a DARKROOM_ID that is none. */
export function owningOf(environment: Environment, prefix: string, store: GenerationStore, storage: ObjectStorage): Owning {
  const { darkroom } = readSettings({ darkroom: darkroomSettings }, environment);
  return { store, archive: storage, prefix, createId: randomUUID, ...(darkroom.id === undefined ? {} : { darkroomId: darkroom.id }) };
}
