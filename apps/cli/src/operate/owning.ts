import { randomUUID } from 'node:crypto';
import { defined } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Owning } from '@darkroom/recovery';
import { darkroomSettings, readSettings, type Environment } from '@darkroom/service-runtime';

/** Joins a store and a bucket for the check of their owner. @throws ConfigError for an invalid DARKROOM_ID. */
export function owningOf(environment: Environment, prefix: string, store: GenerationStore, storage: ObjectStorage): Owning {
  const { darkroom } = readSettings({ darkroom: darkroomSettings }, environment);
  return { store, archive: storage, prefix, createId: randomUUID, ...defined({ darkroomId: darkroom.id }) };
}
