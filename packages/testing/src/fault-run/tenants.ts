import { formatUsd, type NanoUsd } from '@darkroom/contracts';
import { imageNanoUsdOf } from '../judge/order-terms.ts';
import type { NamedDraws } from '../named-draws.ts';

/** The tenant that reaches its cap. */
export const CROWDED = 'crowded';
/** It places one of so many orders. */
const CROWDED_ONE_OF = 10;
/** Of what it orders so much fits under its cap. */
const CAP_SHARE = 0.6;
/** No other tenant may come nearer to the cap than this: what waits without a deadline would be stuck. */
const MAX_LOAD = 0.8;
/** Together they order nine times as much as the one, so that each orders half of what fits under the cap. */
const OTHERS = 30;

/** @param nanoUsd What the next order may cost. */
export type ChooseTenant = (nanoUsd: NanoUsd) => string;

/** Chooses whose each order is: of those that are not crowded, one that has ordered the least by then. */
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

/** Whose an order is, and what it may cost. */
export interface OrderTerms {
  tenant: string;
  images: number;
  /** What is held for each image. */
  imageUsd: string;
}

/** What an order may cost at the most, as long as none of its submissions fails. */
export const priceOf = ({ images, imageUsd }: Pick<OrderTerms, 'images' | 'imageUsd'>): NanoUsd => images * imageNanoUsdOf({ imageUsd });

/** The daily cap of every tenant, in US dollars: one reaches it. In a run of few orders a single one may be too much for it. */
export function tenantCapUsd(orders: readonly OrderTerms[]): string {
  const loads = new Map<string, NanoUsd>();
  for (const { tenant, ...terms } of orders) loads.set(tenant, (loads.get(tenant) ?? 0) + priceOf(terms));
  const { [CROWDED]: crowded = 0, ...others } = Object.fromEntries(loads);
  return formatUsd(Math.round(Math.max(crowded * CAP_SHARE, Math.max(0, ...Object.values(others)) / MAX_LOAD)));
}
