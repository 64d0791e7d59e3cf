import { STORED_FORMAT } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { withOperations } from './with-operations.ts';

/** Shows the form in which processes write the store, or lets them write the newest one of this version. */
export const runUpgrade = (values: { dataDir: string | undefined; finish: boolean }, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, async ({ store, openBucket }) => {
    const before = await store.readStoreFormat();
    if (values.finish) await finishUpgrade(store, await openBucket());
    const { written, known } = await store.readStoreFormat();
    const wasRaised = written > before.written;
    context.answer({ written, known, raised: wasRaised }, [
      `format    processes write the store in format ${written}; this version knows formats up to ${known}`,
      ...(wasRaised ? ['          earlier versions use this store no more'] : []),
      ...(written < known
        ? ['          once no process of an earlier version runs, backends included: darkroom upgrade --finish']
        : ['          nothing is left to do']),
    ]);
    return 0;
  });

/** Raises the number in S3 first: a Redis that is lost gets it from there, and an earlier process never writes below it. */
async function finishUpgrade(store: GenerationStore, storage: ObjectStorage): Promise<void> {
  try {
    await storage.recordFormat(STORED_FORMAT, (await store.readOwnership()).now);
  } finally {
    storage.close();
  }
  await store.raiseStoreFormat(STORED_FORMAT);
}
