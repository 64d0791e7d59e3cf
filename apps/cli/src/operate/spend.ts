import type { CommandContext, ExitCode } from '../commands/command.ts';
import { formatUsd } from '@darkroom/contracts';
import type { GenerationStore, TenantPage } from '@darkroom/generation-store';
import { dataOfSpend, describeSpend } from './describe-spend.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { createHttpClient } from '../http-door/http-client.ts';
import type { ReadSpend } from '../images/client.ts';
import { withOperations } from './with-operations.ts';

/** Shows the periods of the ledger: those over all tenants, and those of one tenant if it is named. Through HTTP those of the tenant of the key. */
export function showSpend(values: { dataDir: string | undefined; tenant: string | undefined }, context: CommandContext): Promise<ExitCode> {
  const show = async (read: ReadSpend, today?: TenantPage): Promise<ExitCode> => {
    const periods = await read(values.tenant);
    const most = today && mostOf(today);
    context.answer({ periods: periods.map(dataOfSpend), ...(most && { tenantsToday: most }) }, [
      ...describeSpend(periods),
      ...(today === undefined || most === undefined || most.length === 0 ? [] : [describeMost(most, today)]),
    ]);
    return 0;
  };
  const { environment, notes, signals } = context;
  const door = findDoor(environment);
  if (door === undefined)
    return withOperations(values, context, async ({ store }) => show((tenant) => store.readSpend(tenant), await readTenants(store)));
  notes.print(`darkroom  the API at ${door.url}`);
  return show(createHttpClient(door, { environment, signal: signals.stop }).readSpend);
}

const SHOWN = 5;

async function readTenants(store: Pick<GenerationStore, 'readTime' | 'tenantsOf'>): Promise<TenantPage> {
  return store.tenantsOf(`day:${new Date(await store.readTime()).toISOString().slice(0, 10)}`);
}

/** Returns the tenants of a page that spent and hold most. */
const mostOf = ({ tenants }: TenantPage) =>
  tenants
    .map(({ tenant, settledNanoUsd, reservedNanoUsd }) => ({ tenant, nanoUsd: settledNanoUsd + reservedNanoUsd }))
    .toSorted((a, b) => b.nanoUsd - a.nanoUsd)
    .slice(0, SHOWN)
    .map(({ tenant, nanoUsd }) => ({ tenant, spentAndHeldUsd: formatUsd(nanoUsd) }));

const describeMost = (most: ReturnType<typeof mostOf>, { total, tenants }: TenantPage): string => {
  const of = total === tenants.length ? `of ${total} tenants` : `of the first ${tenants.length} of ${total} tenants by name`;
  return `${''.padEnd(10)}most today: ${most.map(({ tenant, spentAndHeldUsd }) => `${tenant} ${spentAndHeldUsd} USD`).join(', ')}, ${of}, with what is on hold`;
};
