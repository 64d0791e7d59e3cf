import { parseUsd, prices, type NanoUsd } from '@darkroom/contracts';
import type { OrderRecord } from './evidence.ts';

/** Whose money an order spends. */
export const tenantOf = ({ tenant = 'default' }: Pick<OrderRecord, 'tenant'>): string => tenant;

/** What is held for each submission of one of its images. */
export const imageNanoUsdOf = ({ imageUsd }: Pick<OrderRecord, 'imageUsd'>): NanoUsd =>
  imageUsd === undefined ? prices.imageNanoUsd : parseUsd(imageUsd);

/** The generations of orders whose sends something on the way to the provider answered. */
export const poisonedIdsOf = (orders: readonly Pick<OrderRecord, 'ids' | 'isPoisoned'>[]): ReadonlySet<string> =>
  new Set(orders.flatMap(({ ids, isPoisoned }) => (isPoisoned === true ? ids : [])));
