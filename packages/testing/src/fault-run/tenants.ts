import { formatUsd, type NanoUsd } from '@darkroom/contracts';
import { imageNanoUsdOf } from '../judge/order-terms.ts';
import type { NamedDraws } from '../named-draws.ts';

/** The tenant that reaches its cap. */
export const CROWDED = 'crowded';
/** Rules of a few tenants, as options of the command `tenant`. */
export const tenantRules: Readonly<Record<string, readonly string[]>> = {
  'tenant-0': ['--withhold-flagged', 'on', '--weight', '4'],
  'tenant-1': ['--withhold-flagged', 'on', '--require-safety-check', 'on'],
  'tenant-2': ['--withhold-flagged', 'on'],
  [CROWDED]: ['--weight', '2'],
};

/** Tenants whose rule withholds the images that the provider flags. */
export const withholdingTenants: ReadonlySet<string> = new Set(
  Object.entries(tenantRules).flatMap(([tenant, options]) => (options.includes('--withhold-flagged') ? [tenant] : [])),
);

/** One of so many orders belongs to it. */
const CROWDED_ONE_OF = 10;
/** Share of its orders that fits under its cap: on a slow machine many of them expire, and it must reach the cap nevertheless. */
const CAP_SHARE = 0.125;
/** The greatest load of any other tenant, as a share of the cap: an order that waits without a deadline would be stuck. */
const MAX_LOAD = 0.8;
/**
 * Number of other tenants. Together they order nine times as much as the crowded one, so that each orders three fifths of what its cap allows.
 * While the line is full the crowded one buys no more than each of them, and it must reach its cap nevertheless.
 */
const OTHERS = 120;

/** @param nanoUsd The price of the next order. */
export type ChooseTenant = (nanoUsd: NanoUsd) => string;

/** Chooses the tenant of each order: usually the one that has ordered least so far. */
export function createTenants(draws: NamedDraws): ChooseTenant {
  const loads = new Map(Array.from({ length: OTHERS }, (_, at) => [`tenant-${at}`, 0]));
  let [count, crowdedAt] = [0, 0];
  return (nanoUsd) => {
    const turn = count % CROWDED_ONE_OF;
    const ofOrder = draws.of(count);
    count += 1;
    if (turn === 0) crowdedAt = ofOrder.between('crowded-at', 0, CROWDED_ONE_OF - 1);
    if (turn === crowdedAt) return CROWDED;
    const least = Math.min(...loads.values());
    const name = ofOrder.pick(
      'tenant',
      [...loads].flatMap(([each, load]) => (load === least ? [each] : [])),
    );
    loads.set(name, least + nanoUsd);
    return name;
  };
}

/** The tenant of an order, and its price. */
export interface OrderTerms {
  tenant: string;
  images: number;
  /** The hold of each image. */
  imageUsd: string;
}

/** Returns the price of an order if none of its submissions fails. */
export const priceOf = ({ images, imageUsd }: Pick<OrderTerms, 'images' | 'imageUsd'>): NanoUsd => images * imageNanoUsdOf({ imageUsd });

/** Returns the daily cap of each tenant, in US dollars; one tenant reaches it. In a small run a single order may exceed it. */
export function tenantCapUsd(orders: readonly OrderTerms[]): string {
  const loads = new Map<string, NanoUsd>();
  for (const { tenant, ...terms } of orders) loads.set(tenant, (loads.get(tenant) ?? 0) + priceOf(terms));
  const { [CROWDED]: crowded = 0, ...others } = Object.fromEntries(loads);
  return formatUsd(Math.round(Math.max(crowded * CAP_SHARE, Math.max(0, ...Object.values(others)) / MAX_LOAD)));
}
