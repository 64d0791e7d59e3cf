import { setTimeout as delay } from 'node:timers/promises';
import { defined, type OpenImageBound } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import { placeOrder, type CallerParts, type PlacedOrder } from './caller.ts';
import type { Order } from './orders.ts';
import { eraseOrder, type ErasureCounts } from './erasing-caller.ts';
import { isByHttp, libraryCalls, type OrderCalls } from './http-caller.ts';
import { releaseOrder } from './release-order.ts';
import type { Operate } from './rules.ts';
import { retryOrder, type RetryCounts } from './retrier.ts';

export interface Load {
  /** All orders so far, with their outcomes. */
  readonly placed: readonly PlacedOrder[];
  readonly retries: Readonly<RetryCounts>;
  readonly erasures: Readonly<ErasureCounts>;
  /** Number of calls that each bound on open images refused. */
  readonly full: Readonly<Record<OpenImageBound, number>>;
  open(): number;
  /** Resolves after the last order was placed, or soon after the signal. */
  readonly allPlaced: Promise<void>;
  /** Resolves after each caller has its answer or has given up, or soon after the signal. */
  readonly done: Promise<void>;
}

export type LoadParts = Pick<CallerParts, 'webhookURL' | 'signal' | 'seen'> & {
  producer: Producer;
  /** Returns the calls of a tenant whose backends use the HTTP API. */
  httpCallsOf: (tenant: string) => OrderCalls | undefined;
  /** Runs a command of an operator. */
  operate: Operate;
};

/** The most open orders: the load waits for a slow system instead of burying it. */
const MAX_OPEN = 64;

/** Places orders one after the other, each by a caller of its own. */
export function startLoad({ producer, httpCallsOf, webhookURL, signal, seen, operate }: LoadParts, orders: readonly Order[]): Load {
  const placed: PlacedOrder[] = [];
  const retries: RetryCounts = { made: 0, repeated: 0, refused: 0 };
  const erasures: ErasureCounts = { asked: 0, erased: 0, lost: 0 };
  const full = { openImagesPerTenant: 0, openImages: 0 };
  let open = 0;
  const callers: Promise<void>[] = [];
  const placeAndErase = async (order: Order, record: PlacedOrder): Promise<void> => {
    const erase = () => eraseOrder({ producer, signal, counts: erasures }, order, record);
    const calls = (record.isByHttp === true ? httpCallsOf(order.tenant) : undefined) ?? libraryCalls(producer);
    const placed = placeOrder({ calls, webhookURL, signal, seen, full }, order, record);
    await Promise.all([placed, order.erases?.cancel === true ? erase() : undefined]);
    if (order.erases?.cancel === false) await erase();
    await releaseOrder({ producer, signal, operate }, order, record);
  };
  const placeAll = async (): Promise<void> => {
    for (const order of orders) {
      await delay(order.afterMs);
      while (open >= MAX_OPEN && !signal.aborted) await delay(20);
      if (signal.aborted) return;
      const { idempotencyKey, images, tenant, imageUsd, isPoisoned, isFlagged, withholds } = order;
      const record: PlacedOrder = {
        ids: [],
        images,
        tenant,
        imageUsd,
        outcome: 'open',
        ...defined({ idempotencyKey, isPoisoned, isFlagged }),
        ...(withholds !== undefined && { withholds: true }),
        // What is erased is told of no more.
        isNotified: order.erases === undefined,
        isByHttp: isByHttp(order),
      };
      placed.push(record);
      open += 1;
      callers.push(
        placeAndErase(order, record)
          .then(() => retryOrder({ producer, signal, placed, counts: retries, full }, order, record))
          .finally(() => (open -= 1)),
      );
    }
  };
  const allPlaced = placeAll();
  return {
    placed,
    retries,
    erasures,
    full,
    open: () => open,
    allPlaced,
    done: allPlaced.then(async () => void (await Promise.all(callers))),
  };
}
