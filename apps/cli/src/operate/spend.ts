import type { CommandContext, ExitCode } from '../commands/command.ts';
import { dataOfSpend, describeSpend } from './describe-spend.ts';
import { withOperations } from './with-operations.ts';

/** Shows the periods of the ledger: those over all tenants, and those of one tenant if it is named. */
export const showSpend = (
  values: { dataDir: string | undefined; tenant: string | undefined },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, async ({ store }) => {
    const periods = await store.readSpend(values.tenant);
    context.answer({ periods: periods.map(dataOfSpend) }, describeSpend(periods));
    return 0;
  });
