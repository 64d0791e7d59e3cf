import { hostname } from 'node:os';
import { createGenerationId } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { WorkerConfig } from './config.ts';
import { watchAccess, type AccessWatch, type WatchAccessDependencies } from './watch-access.ts';

export interface JoinAccessDependencies extends Omit<WatchAccessDependencies, 'presignUpload'> {
  storage: Pick<ObjectStorage, 'presignUpload'>;
}

/** Gives the access watch its settings, and an upload address like that of a real order. */
export function joinAccess({ runware, timing, worker }: WorkerConfig, { storage, ...dependencies }: JoinAccessDependencies): AccessWatch {
  return watchAccess(
    {
      worker: `${hostname()}:${process.pid}`,
      address: new URL(runware.url).origin,
      firstMs: timing.troubleMs,
      maxMs: timing.maxProbeMs,
      everyMs: timing.maxTroubleMs,
    },
    {
      ...dependencies,
      presignUpload: async () =>
        worker.askForUpload
          ? await storage.presignUpload({ generationId: createGenerationId(dependencies.now()), index: 0, n: 1 }, 60)
          : undefined,
    },
  );
}
