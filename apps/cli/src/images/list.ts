import type { CommandContext, ExitCode } from '../commands/command.ts';
import { listOptionsOf, type FilterValues } from '../commands/filters.ts';
import { describeSummary } from './describe-generation.ts';
import { withClient } from './open-client.ts';

interface ListValues extends FilterValues {
  readonly dataDir: string | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Lists a page of generations. @throws InvalidRequestError, QueueUnavailableError */
export const runList = (values: ListValues, context: CommandContext): Promise<ExitCode> =>
  withClient({ dataDir: values.dataDir }, context, async ({ producer }) => {
    const { limit, cursor } = values;
    const page = await producer.list({ ...listOptionsOf(values), limit, ...(cursor !== undefined && { cursor }) });
    for (const generation of page.generations) context.answer(generation, [describeSummary(generation)]);
    if (page.generations.length === 0) context.notes.print('none');
    if (page.nextCursor !== undefined) context.notes.print(`more with --cursor ${page.nextCursor}`);
    return 0;
  });
