import type { CommandContext, ExitCode } from '../commands/command.ts';
import { dataOfSpend, describeSpend } from './describe-spend.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { createHttpClient } from '../http-door/http-client.ts';
import type { ReadSpend } from '../images/client.ts';
import { withOperations } from './with-operations.ts';

/** Shows the periods of the ledger: those over all tenants, and those of one tenant if it is named. Through HTTP those of the tenant of the key. */
export function showSpend(values: { dataDir: string | undefined; tenant: string | undefined }, context: CommandContext): Promise<ExitCode> {
  const show = async (read: ReadSpend): Promise<ExitCode> => {
    const periods = await read(values.tenant);
    context.answer({ periods: periods.map(dataOfSpend) }, describeSpend(periods));
    return 0;
  };
  const { environment, notes, signals } = context;
  const door = findDoor(environment);
  if (door === undefined) return withOperations(values, context, ({ store }) => show((tenant) => store.readSpend(tenant)));
  notes.print(`darkroom  the API at ${door.url}`);
  return show(createHttpClient(door, { environment, signal: signals.stop }).readSpend);
}
