import { formatUsd, type NanoUsd } from '@darkroom/contracts';
import type { OrderedTasks, Tasks } from './billed-tasks.ts';
import type { Evidence } from './evidence.ts';
import { imageNanoUsdOf, tenantOf } from './order-terms.ts';
import { nothing, sumsByOwner, type Sums } from './periods.ts';
import { isUnproven, sendsOf } from './unproven.ts';

export interface LedgerDifferences {
  /** Ledger minus bill. If these agree: the difference between their parts. */
  nanoUsd: NanoUsd;
  /** Differences between the views of the ledger, and between the tenants of ledger and bill. */
  views: string[];
  /** Submissions whose recorded cost differs from the billed one. */
  costs: string[];
}

/** Compares the ledger with the bill as a whole, then with itself, then by tenant, then by submission. */
export function findLedgerDifferences(evidence: Evidence, tasks: Tasks, ordered: OrderedTasks): LedgerDifferences {
  const views = [...compareViews(evidence), ...compareTenants(evidence, tasks, ordered)];
  const costs = compareCosts(evidence, tasks);
  const total = moneyOf(sumsByOwner(evidence.ledger, 'day').get('all')) - holdsOfUnproven(evidence, tasks) - billedOf(tasks.values());
  const ofParts = [views, costs].map((found) => found.reduce((sum, { nanoUsd }) => sum + Math.abs(nanoUsd), 0));
  return {
    nanoUsd: total !== 0 ? total : (ofParts.find((sum) => sum !== 0) ?? 0),
    views: views.map(({ of, nanoUsd }) => `${of}: ${formatUsd(nanoUsd)} USD`),
    costs: costs.map(({ of, nanoUsd }) => `${ordered.get(of)?.name ?? `task ${of}`}: recorded ${formatUsd(nanoUsd)} USD more than billed`),
  };
}

interface Difference {
  of: string;
  nanoUsd: NanoUsd;
}

const moneyOf = ({ settledNanoUsd, heldNanoUsd }: Sums = nothing): NanoUsd => settledNanoUsd + heldNanoUsd;
const billedOf = (tasks: Iterable<{ billedNanoUsd: NanoUsd }>): NanoUsd =>
  [...tasks].reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0);

/** Compares the four periods of every cent: each owner's days must equal its months, and all tenants together must equal "all". */
function compareViews({ ledger }: Evidence): Difference[] {
  const [days, months] = [sumsByOwner(ledger, 'day'), sumsByOwner(ledger, 'month')];
  const compare = (of: string, one: Sums = nothing, other: Sums = nothing): Difference[] => [
    { of: `${of}, settled`, nanoUsd: one.settledNanoUsd - other.settledNanoUsd },
    { of: `${of}, held`, nanoUsd: one.heldNanoUsd - other.heldNanoUsd },
  ];
  const ofTenants: Sums = [...days]
    .filter(([owner]) => owner !== 'all')
    .reduce(
      (sum, [, each]) => ({
        settledNanoUsd: sum.settledNanoUsd + each.settledNanoUsd,
        heldNanoUsd: sum.heldNanoUsd + each.heldNanoUsd,
      }),
      nothing,
    );
  return [
    ...compare('days of all more than days of the tenants', days.get('all'), ofTenants),
    ...[...new Set([...days.keys(), ...months.keys()])].flatMap((owner) =>
      compare(`days of ${owner} more than its months`, days.get(owner), months.get(owner)),
    ),
  ].filter(({ nanoUsd }) => nanoUsd !== 0);
}

/** Compares tenant by tenant, because the sums hide one tenant's money on another's account. */
function compareTenants(evidence: Evidence, tasks: Tasks, ordered: OrderedTasks): Difference[] {
  const days = sumsByOwner(evidence.ledger, 'day');
  const tenants = new Set([...evidence.orders.map(tenantOf), ...[...days.keys()].filter((owner) => owner !== 'all').map(nameOfOwner)]);
  return [...tenants]
    .map((tenant) => {
      const billed = billedOf([...tasks].flatMap(([id, task]) => (isOf(ordered, id, tenant) ? [task] : [])));
      return {
        of: `ledger of tenant ${tenant} more than its bill`,
        nanoUsd: moneyOf(days.get(`tenant:${tenant}`)) - holdsOfUnproven(evidence, tasks, tenant) - billed,
      };
    })
    .filter(({ nanoUsd }) => nanoUsd !== 0);
}

const nameOfOwner = (owner: string): string => owner.replace(/^tenant:/, '');
const isOf = (ordered: OrderedTasks, taskUUID: string, tenant: string): boolean => {
  const order = ordered.get(taskUUID)?.order;
  return order !== undefined && tenantOf(order) === tenant;
};

/** Returns the holds that only an operator can release, submission by submission. */
function holdsOfUnproven({ orders, generations, erased }: Evidence, tasks: Tasks, ofTenant?: string): NanoUsd {
  let sum = 0;
  for (const order of orders) {
    if (ofTenant !== undefined && tenantOf(order) !== ofTenant) continue;
    for (const id of order.ids) {
      const generation = generations[id] ?? undefined;
      const unproven = generation?.images.filter((image) => isUnproven(id, generation, image, sendsOf(order, id, erased, tasks))) ?? [];
      sum += unproven.length * imageNanoUsdOf(order);
    }
  }
  return sum;
}

function compareCosts({ results }: Evidence, tasks: Tasks): Difference[] {
  return [...new Set([...results.keys(), ...tasks.keys()])]
    .map((taskUUID) => ({
      of: taskUUID,
      nanoUsd: (results.get(taskUUID)?.costNanoUsd ?? 0) - (tasks.get(taskUUID)?.billedNanoUsd ?? 0),
    }))
    .filter(({ nanoUsd }) => nanoUsd !== 0);
}
