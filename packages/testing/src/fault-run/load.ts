import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import { placeOrder, type PlacedOrder } from './caller.ts';
import type { Order } from './orders.ts';
import { eraseOrder, type ErasureCounts } from './erasing-caller.ts';
import { retryOrder, type RetryCounts } from './retrier.ts';

export interface Load {
  /** All orders so far, with their outcomes. */
  readonly placed: readonly PlacedOrder[];
  readonly retries: Readonly<RetryCounts>;
  readonly erasures: Readonly<ErasureCounts>;
  open(): number;
  /** Resolves after the last order was placed, or soon after the signal. */
  readonly allPlaced: Promise<void>;
  /** Resolves after each caller has its answer or has given up, or soon after the signal. */
  readonly done: Promise<void>;
}

/** The most open orders: the load waits for a slow system instead of burying it. */
const MAX_OPEN = 64;

/** Places orders one after the other, each by a caller of its own. */
export function startLoad(producer: Producer, orders: readonly Order[], signal: AbortSignal): Load {
  const placed: PlacedOrder[] = [];
  const retries: RetryCounts = { made: 0, repeated: 0, refused: 0 };
  const erasures: ErasureCounts = { asked: 0, erased: 0, lost: 0 };
  let open = 0;
  const callers: Promise<void>[] = [];
  const placeAndErase = async (order: Order, record: PlacedOrder): Promise<void> => {
    const erase = () => eraseOrder({ producer, signal, counts: erasures }, order, record);
    const placed = placeOrder(producer, order, record, signal);
    await Promise.all([placed, order.erases?.cancel === true ? erase() : undefined]);
    if (order.erases?.cancel === false) await erase();
  };
  const placeAll = async (): Promise<void> => {
    for (const order of orders) {
      await delay(order.afterMs);
      while (open >= MAX_OPEN && !signal.aborted) await delay(20);
      if (signal.aborted) return;
      const { idempotencyKey, images, tenant, imageUsd, isPoisoned } = order;
      const record: PlacedOrder = {
        ids: [],
        images,
        tenant,
        imageUsd,
        outcome: 'open',
        ...defined({ idempotencyKey, isPoisoned }),
      };
      placed.push(record);
      open += 1;
      callers.push(
        placeAndErase(order, record)
          .then(() => retryOrder({ producer, signal, placed, counts: retries }, order, record))
          .finally(() => (open -= 1)),
      );
    }
  };
  const allPlaced = placeAll();
  return { placed, retries, erasures, open: () => open, allPlaced, done: allPlaced.then(async () => void (await Promise.all(callers))) };
}
