import { setTimeout as delay } from 'node:timers/promises';
import { createGenerationId, defined, hasCode, QueueFullError, type OpenImageBound } from '@darkroom/contracts';
import type { NoteSeen } from '../judge/seen.ts';
import type { OrderCalls } from './http-caller.ts';
import type { Order } from './orders.ts';

/** Knowledge of a caller about an order, for the judge. */
export interface PlacedOrder {
  /** Ids of its generations: one, unless Redis lost the first together with an idempotency key. */
  ids: string[];
  images: number;
  tenant: string;
  imageUsd: string;
  isPoisoned?: boolean;
  /** The original of a retry, and its images there. */
  retryOf?: { id: string; images: number[] };
  mayPayAgain?: boolean;
  idempotencyKey?: string;
  deadlineAt?: number;
  /** Time at which the caller cancelled it. */
  cancelledAt?: number;
  /** Time at which the caller learned that it has ended, or gave it up. */
  endedAt?: number;
  /** Time at which the run ended before the caller had an answer. */
  stoppedAt?: number;
  /**
   * `final`: the caller learned that its generation has ended. `given-up`: Redis lost an order that its caller no longer wants.
   * `refused`: its cap is reached, and the caller gives the order up. `open`: none of these; the caller keeps its request.
   */
  outcome: 'open' | 'final' | 'given-up' | 'refused';
  /** Time at which its enqueue was answered. */
  enqueuedAt?: number;
  /** True if its caller uses the HTTP API. */
  isByHttp?: boolean;
  /** True if its request names a receiver of notifications. */
  isNotified?: boolean;
  /** Words of its request, once its caller was told that it is erased. */
  erasedWords?: string;
  /** Its images are withheld if they are flagged, and whether they are. */
  withholds?: boolean;
  isFlagged?: boolean;
  /** An answer that no caller should get. */
  surprise?: string;
}

export interface CallerParts {
  /** The library, or the HTTP API. */
  calls: OrderCalls;
  /** The receiver that requests name. */
  webhookURL: string;
  signal: AbortSignal;
  /** Writes down what the caller sees of images that may be withheld. */
  seen: NoteSeen;
  /** Number of calls that each bound on open images refused. */
  full: Record<OpenImageBound, number>;
}

/** Time that a caller waits for an answer about one order before it asks again, and before it repeats a failed call. */
const WAIT_MS = 5000;
const AGAIN_MS = 100;
/** Codes after which a caller waits on. */
export const WAITED_OUT = ['generation.wait-timeout', 'queue.unavailable', 'store.not-initialised'] as const;
/** Time until it calls again while the queue is full. */
const FULL_MS = 500;

/**
 * Places one order and keeps its request until its generation is final, as docs/guarantees.md advises callers: if `get` does not find
 * the generation, the caller enqueues it again under the same id.
 */
export async function placeOrder({ calls, webhookURL, signal, seen, full }: CallerParts, order: Order, placed: PlacedOrder): Promise<void> {
  const { request, tenant, idempotencyKey, repeats, cancelAfterMs, deadlineAfterMs, runAfterMs, mintedAgoMs = 0 } = order;
  const { priority } = order;
  const now = Date.now();
  let id = createGenerationId(now - mintedAgoMs);
  placed.ids.push(id);
  if (deadlineAfterMs !== undefined) placed.deadlineAt = now + deadlineAfterMs;
  const { deadlineAt } = placed;
  const options = {
    tenant,
    ...defined({ idempotencyKey, deadlineAt, priority, tags: order.erases && [order.erases.words] }),
    ...(order.withholds === 'option' && { withholdFlagged: true }),
    ...(placed.isNotified === true && { webhookURL }),
  };
  const isUnwanted = (): boolean => placed.cancelledAt !== undefined || (deadlineAt !== undefined && Date.now() >= deadlineAt);

  const end = (outcome: PlacedOrder['outcome']): void => {
    placed.outcome = outcome;
    if (outcome !== 'open') placed.endedAt = Date.now();
  };
  const enqueue = async (generationId: string): Promise<void> => {
    // A time that has passed is left out.
    const runAt = runAfterMs === undefined || now + runAfterMs <= Date.now() ? {} : { runAt: now + runAfterMs };
    const receipt = await calls.enqueue(request, { ...options, ...runAt, generationId });
    if (!placed.ids.includes(receipt.generationId)) placed.ids.push(receipt.generationId);
    id = receipt.generationId;
    placed.enqueuedAt ??= Date.now();
  };
  /** Repeats a call while Redis is away, as long as the caller wants its result. */
  const insist = async (call: () => Promise<unknown>): Promise<Exclude<PlacedOrder['outcome'], 'final'> | 'done'> => {
    while (!signal.aborted && placed.outcome === 'open') {
      try {
        await call();
        return 'done';
      } catch (error) {
        if (hasCode(error, 'spend.cap-reached')) return 'refused';
        if (hasCode(error, 'request.invalid') && isUnwanted()) return 'given-up';
        if (error instanceof QueueFullError) {
          full[error.bound] += 1;
          if (isUnwanted()) return 'given-up';
          await delay(FULL_MS);
        } else if (!hasCode(error, 'queue.unavailable') && !hasCode(error, 'store.not-initialised')) throw error;
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
    await insist(async () => {
      try {
        await calls.cancel(id);
      } catch (error) {
        // Redis went back behind its enqueue: the caller finds that out while it waits.
        if (!hasCode(error, 'generation.not-found')) throw error;
      }
    });
  };
  const wait = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const view = await calls.wait(id, { timeoutMs: WAIT_MS, signal });
        if (order.withholds !== undefined && view !== undefined) seen('wait', view);
        end('final');
        return;
      } catch (error) {
        // Its own caller erases it.
        if (hasCode(error, 'generation.erased') && order.erases !== undefined) {
          end('final');
          return;
        }
        const isLate = order.asksAgain === true && hasCode(error, 'generation.wait-timeout') && !isUnwanted();
        if (isLate || hasCode(error, 'generation.not-found')) {
          const again = isUnwanted() ? 'given-up' : await insist(() => enqueue(id));
          if (again !== 'done') {
            end(again);
            return;
          }
        } else if (!WAITED_OUT.some((code) => hasCode(error, code)) && !signal.aborted) {
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
  } finally {
    if (placed.outcome === 'open') placed.stoppedAt = Date.now();
  }
}
