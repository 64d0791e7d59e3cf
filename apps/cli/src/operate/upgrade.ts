import type { CommandContext, ExitCode } from '../commands/command.ts';
import { withOperations } from './with-operations.ts';

/** Shows the form in which processes write the store, or lets them write the newest one of this version. */
export const runUpgrade = (values: { dataDir: string | undefined; finish: boolean }, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, async ({ store }) => {
    const wasRaised = values.finish && (await store.raiseStoreFormat());
    const { written, known } = await store.readStoreFormat();
    context.answer({ written, known, raised: wasRaised }, [
      `format    processes write the store in format ${written}; this version knows formats up to ${known}`,
      ...(wasRaised ? ['          earlier versions use this store no more'] : []),
      ...(written < known
        ? ['          once no process of an earlier version runs, backends included: darkroom upgrade --finish']
        : ['          nothing is left to do']),
    ]);
    return 0;
  });
