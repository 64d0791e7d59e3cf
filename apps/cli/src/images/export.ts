import { GenerationError } from '@darkroom/contracts';
import { eachOf, walkList } from '@darkroom/producer/shared';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { listOptionsOf, type FilterValues } from '../commands/filters.ts';
import { withClient } from './open-client.ts';

const READ_SIDE_BY_SIDE = 16;

/** Prints generations in full, one a line. One that is erased or forgotten meanwhile is left out. @throws the errors of the library. */
export const runExport = (values: FilterValues & { dataDir: string | undefined }, context: CommandContext): Promise<ExitCode> =>
  withClient({ dataDir: values.dataDir }, context, async ({ producer }) => {
    let count = 0;
    for await (const page of walkList(producer, listOptionsOf(values))) {
      context.signals.stop.throwIfAborted();
      const views = await eachOf(page, READ_SIDE_BY_SIDE, ({ generationId }) =>
        producer.get(generationId).catch((error: unknown) => {
          if (error instanceof GenerationError) return undefined;
          throw error;
        }),
      );
      for (const view of views) {
        if (view === undefined) continue;
        count += 1;
        context.answer(view, [JSON.stringify(view)]);
      }
    }
    context.notes.print(`${count} exported`);
    return 0;
  });
