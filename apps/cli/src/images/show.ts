import { defined, GenerationError, isFinalGeneration } from '@darkroom/contracts';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describeGeneration } from './describe-generation.ts';
import { withClient } from './open-client.ts';
import { makeFolder, saveFiles } from './save-files.ts';

interface ShowValues {
  readonly dataDir: string | undefined;
  readonly generationId: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly tenant: string | undefined;
  readonly out: string | undefined;
}

/** Shows a generation, and saves its images if a folder is named. @throws GenerationError and other errors of the library. */
export const runShow = (values: ShowValues, context: CommandContext): Promise<ExitCode> =>
  withClient(values, context, async (client) => {
    const { generationId = '', idempotencyKey, tenant, out } = values;
    if (out !== undefined) makeFolder(out);
    const { producer } = client;
    const view =
      idempotencyKey === undefined
        ? await producer.get(generationId)
        : await producer.findByIdempotencyKey(idempotencyKey, defined({ tenant }));
    if (view === undefined) throw new GenerationError('generation.not-found', 'no generation has this idempotency key');
    const files = out === undefined ? [] : await saveFiles(view, client, out);
    const timelines = isFinalGeneration(view.status) ? [] : ((await producer.timeline?.(view.generationId)) ?? []);
    context.answer({ ...view, ...(out !== undefined && { files }) }, [...describeGeneration(view, timelines), ...files]);
    return 0;
  });
