import { parseUsd, prices, type NanoUsd } from '@darkroom/contracts';
import type { OrderRecord } from './evidence.ts';

/** Returns the tenant who pays for an order. */
export const tenantOf = ({ tenant = 'default' }: Pick<OrderRecord, 'tenant'>): string => tenant;

/** Returns the hold of each submission of an order's images. */
export const imageNanoUsdOf = ({ imageUsd }: Pick<OrderRecord, 'imageUsd'>): NanoUsd =>
  imageUsd === undefined ? prices.imageNanoUsd : parseUsd(imageUsd);

/** Returns the generations of orders whose sends the run answered in the provider's place. */
export const poisonedIdsOf = (orders: readonly Pick<OrderRecord, 'ids' | 'isPoisoned'>[]): ReadonlySet<string> =>
  new Set(orders.flatMap(({ ids, isPoisoned }) => (isPoisoned === true ? ids : [])));
