import type { CommandContext, ExitCode } from '../commands/command.ts';
import { defined, formatUsd, type NanoUsd } from '@darkroom/contracts';
import type { GenerationStore, TenantPage } from '@darkroom/generation-store';
import { dataOfSpend, describeSpend } from './describe-spend.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { createHttpClient } from '../http-door/http-client.ts';
import type { ReadSpend } from '../images/client.ts';
import { withOperations } from './with-operations.ts';

/** Shows the periods of the ledger: those over all tenants, and those of one tenant if it is named. Through HTTP those of the tenant of the key. */
export function showSpend(values: { dataDir: string | undefined; tenant: string | undefined }, context: CommandContext): Promise<ExitCode> {
  const show = async (read: ReadSpend, most?: MostToday): Promise<ExitCode> => {
    const periods = await read(values.tenant);
    const tenantsToday = most?.tenants.map(({ tenant, nanoUsd }) => ({ tenant, spentAndHeldUsd: formatUsd(nanoUsd) }));
    context.answer({ periods: periods.map(dataOfSpend), ...defined({ tenantsToday }) }, [
      ...describeSpend(periods),
      ...(most === undefined || most.tenants.length === 0 ? [] : [describeMost(most)]),
    ]);
    return 0;
  };
  const { environment, notes, signals } = context;
  const door = findDoor(environment);
  if (door === undefined)
    return withOperations(values, context, async ({ store }) => show((tenant) => store.readSpend(tenant), await readMost(store)));
  notes.print(`darkroom  the API at ${door.url}`);
  return show(createHttpClient(door, { environment, signal: signals.stop }).readSpend);
}

const SHOWN = 5;

/** The tenants that spent and hold most in a day, and the number of all. */
interface MostToday {
  tenants: { tenant: string; nanoUsd: NanoUsd }[];
  total: number;
}

async function readMost(store: Pick<GenerationStore, 'readTime' | 'tenantsOf'>): Promise<MostToday> {
  const today = `day:${new Date(await store.readTime()).toISOString().slice(0, 10)}` as const;
  const most: MostToday = { tenants: [], total: 0 };
  let after: string | undefined;
  do {
    const page: TenantPage = await store.tenantsOf(today, defined({ after }));
    const sums = page.tenants.map(({ tenant, settledNanoUsd, reservedNanoUsd }) => ({ tenant, nanoUsd: settledNanoUsd + reservedNanoUsd }));
    most.tenants = [...most.tenants, ...sums].toSorted((a, b) => b.nanoUsd - a.nanoUsd).slice(0, SHOWN);
    most.total = page.total;
    after = page.next;
  } while (after !== undefined);
  return most;
}

const describeMost = ({ tenants, total }: MostToday): string => {
  const sums = tenants.map(({ tenant, nanoUsd }) => `${tenant} ${formatUsd(nanoUsd)} USD`).join(', ');
  return `${''.padEnd(10)}most today, with money on hold: ${sums}${total > tenants.length ? ` (of ${total} tenants)` : ''}`;
};
