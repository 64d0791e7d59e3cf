import { setTimeout as delay } from 'node:timers/promises';
import { createGenerationId, hasCode } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { Order } from './orders.ts';

/** What a caller knows of an order it placed; the judge reads it. */
export interface PlacedOrder {
  /** Its generations: one, unless Redis forgot the first and an idempotency key with it. */
  ids: string[];
  images: number;
  tenant: string;
  imageUsd: string;
  isPoisoned?: boolean;
  idempotencyKey?: string;
  deadlineAt?: number;
  /** When the caller asked for its end. */
  cancelledAt?: number;
  /** When it was told that it is over, or gave it up. */
  endedAt?: number;
  /**
   * `final`: the caller was told that its generation is over. `given-up`: Redis forgot an order that nobody wants any more. `refused`:
   * the caller was told that its cap is reached, and orders no more. `open`: neither; then the caller still keeps its request.
   */
  outcome: 'open' | 'final' | 'given-up' | 'refused';
  /** An answer that no caller should get. */
  surprise?: string;
}

/** How long a caller waits for an answer about one order before it asks again, and before it repeats a call that failed. */
const WAIT_MS = 5000;
const AGAIN_MS = 100;

/**
 * Places one order and keeps its request until its generation is final, as docs/guarantees.md tells callers: what `get` does
 * not know is enqueued again under the same id.
 */
export async function placeOrder(producer: Producer, order: Order, placed: PlacedOrder, signal: AbortSignal): Promise<void> {
  const { request, tenant, idempotencyKey, repeats, cancelAfterMs, deadlineAfterMs, runAfterMs, mintedAgoMs = 0 } = order;
  const now = Date.now();
  let id = createGenerationId(now - mintedAgoMs);
  placed.ids.push(id);
  if (deadlineAfterMs !== undefined) placed.deadlineAt = now + deadlineAfterMs;
  const { deadlineAt } = placed;
  const options = {
    tenant,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
  };
  const isUnwanted = (): boolean => placed.cancelledAt !== undefined || (deadlineAt !== undefined && Date.now() >= deadlineAt);

  const end = (outcome: PlacedOrder['outcome']): void => {
    placed.outcome = outcome;
    if (outcome !== 'open') placed.endedAt = Date.now();
  };
  const enqueue = async (generationId: string): Promise<void> => {
    // A time that has passed is none any more.
    const runAt = runAfterMs === undefined || now + runAfterMs <= Date.now() ? {} : { runAt: now + runAfterMs };
    const receipt = await producer.enqueue(request, { ...options, ...runAt, generationId });
    if (!placed.ids.includes(receipt.generationId)) placed.ids.push(receipt.generationId);
    id = receipt.generationId;
  };
  /** Repeats a call while Redis is away, as long as there is something to call for. */
  const insist = async (call: () => Promise<unknown>): Promise<Exclude<PlacedOrder['outcome'], 'final'> | 'done'> => {
    while (!signal.aborted && placed.outcome === 'open') {
      try {
        await call();
        return 'done';
      } catch (error) {
        if (hasCode(error, 'spend.cap-reached')) return 'refused';
        if (hasCode(error, 'generation.not-found') || (hasCode(error, 'request.invalid') && isUnwanted())) return 'given-up';
        if (!hasCode(error, 'queue.unavailable') && !hasCode(error, 'store.not-initialised')) throw error;
      }
      await delay(AGAIN_MS);
    }
    return 'open';
  };

  const repeat = async (): Promise<void> => {
    if (repeats === undefined) return;
    await delay(repeats.afterMs);
    await insist(() => enqueue(repeats.with === 'same-id' ? id : createGenerationId(Date.now())));
  };
  const cancel = async (): Promise<void> => {
    if (cancelAfterMs === undefined) return;
    await delay(cancelAfterMs);
    if (placed.outcome !== 'open') return;
    placed.cancelledAt = Date.now();
    await insist(() => producer.cancel(id));
  };
  const wait = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await producer.wait(id, { timeoutMs: WAIT_MS, signal });
        end('final');
        return;
      } catch (error) {
        if (hasCode(error, 'generation.not-found')) {
          const again = isUnwanted() ? 'given-up' : await insist(() => enqueue(id));
          if (again !== 'done') {
            end(again);
            return;
          }
        } else if (!hasCode(error, 'generation.wait-timeout') && !hasCode(error, 'queue.unavailable') && !signal.aborted) {
          throw error;
        }
      }
      await delay(AGAIN_MS);
    }
  };

  try {
    const first = await insist(() => enqueue(id));
    if (first !== 'done') {
      end(first);
      return;
    }
    await Promise.all([wait(), repeat(), cancel()]);
  } catch (error) {
    placed.surprise = error instanceof Error ? error.message : String(error);
  }
}
