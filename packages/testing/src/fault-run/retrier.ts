import { setTimeout as delay } from 'node:timers/promises';
import { createGenerationId, hasCode, QueueFullError } from '@darkroom/contracts';
import { RetryRefusedError, type Producer, type Retried, type RetryOptions } from '@darkroom/producer';
import { WAITED_OUT, type CallerParts, type PlacedOrder } from './caller.ts';
import type { Order } from './orders.ts';

/** Number of retries by what became of the call. */
export interface RetryCounts {
  made: number;
  repeated: number;
  refused: number;
}

export interface RetryParts {
  producer: Producer;
  signal: AbortSignal;
  /** Orders for the judge: a retry is one of its own. */
  placed: PlacedOrder[];
  counts: RetryCounts;
  full: CallerParts['full'];
}

const WAIT_MS = 5000;
const AGAIN_MS = 100;
const FULL_MS = 500;
/** Retries of one order at most. */
const MOST_RETRIES = 3;

/** Asks for retries of an order that has ended, as often as the order says and something is missing, each time through the newest one. */
export async function retryOrder(parts: RetryParts, order: Order, first: PlacedOrder): Promise<void> {
  const { producer, signal, placed } = parts;
  const { retries } = order;
  let of = first.ids.at(-1);
  for (let time = 0; retries !== undefined && first.outcome === 'final' && of !== undefined && time < MOST_RETRIES; time += 1) {
    await delay(retries.afterMs);
    const record: PlacedOrder = { ...first, ids: [], outcome: 'open' };
    for (const each of ['deadlineAt', 'cancelledAt', 'endedAt', 'stoppedAt', 'idempotencyKey', 'isByHttp'] as const) delete record[each];
    if (retries.mayPayAgain) record.mayPayAgain = true;
    placed.push(record);
    try {
      const retried = await insist(parts, of, order, record);
      if (retried === undefined || (await waitFor(parts, of, order, record)) !== 'final') break;
      of = record.ids.at(-1);
      const { status } = await producer.get(of ?? '');
      if (status === 'succeeded') break;
    } catch (error) {
      // Redis may lose a generation that ended, and its caller has its answer.
      if (![...WAITED_OUT, 'generation.not-found' as const].some((code) => hasCode(error, code)))
        record.surprise = error instanceof Error ? error.message : String(error);
      break;
    } finally {
      if (record.ids.length === 0) placed.splice(placed.indexOf(record), 1);
      else if (record.outcome === 'open') record.stoppedAt = Date.now();
    }
    if (signal.aborted) break;
  }
}

/** Asks until the call is answered. @returns undefined if it is refused, or the run ends. */
async function insist(
  { producer, signal, counts, full }: RetryParts,
  of: string,
  order: Order,
  record: PlacedOrder,
): Promise<Retried | undefined> {
  const { mayPayAgain, callers, ownId } = order.retries ?? { mayPayAgain: false, callers: 1, ownId: false };
  let images: readonly number[] | undefined;
  const generationId = createGenerationId(Date.now());
  while (!signal.aborted) {
    const options: RetryOptions = {
      ...(images !== undefined && { images }),
      ...(mayPayAgain && { mayPayAgain: true as const, reason: 'the fault run says so' }),
    };
    try {
      const all = await Promise.allSettled(
        Array.from({ length: callers }, async (_, at) => producer.retry(of, { ...options, ...(ownId && at === 0 && { generationId }) })),
      );
      const answers = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      for (const { generationId: id, replaces, retryOf, created } of answers) {
        counts[created ? 'made' : 'repeated'] += 1;
        if (!record.ids.includes(id)) record.ids.push(id);
        record.images = replaces.length;
        record.retryOf = { id: retryOf, images: replaces };
      }
      const failed = all.find((each) => each.status === 'rejected');
      if (answers.length === 0 && failed !== undefined) throw failed.reason;
      return answers[0];
    } catch (error) {
      if (error instanceof RetryRefusedError) {
        counts.refused += 1;
        const refused = new Set(error.images.map(({ index }) => index));
        const { images: known } = await producer.get(of);
        const rest = known.filter(({ index, status }) => status !== 'succeeded' && !refused.has(index)).map(({ index }) => index);
        // The rest of the call is asked for alone, once.
        if (images !== undefined || rest.length === 0) return undefined;
        images = rest;
      } else if (hasCode(error, 'spend.cap-reached') || hasCode(error, 'generation.not-found')) return undefined;
      else if (error instanceof QueueFullError) {
        full[error.bound] += 1;
        await delay(FULL_MS);
      } else if (!hasCode(error, 'queue.unavailable') && !hasCode(error, 'store.not-initialised')) throw error;
    }
    await delay(AGAIN_MS);
  }
  return undefined;
}

/** Waits until the retry has ended; asks for it again if Redis has lost it. */
async function waitFor(parts: RetryParts, of: string, order: Order, record: PlacedOrder): Promise<PlacedOrder['outcome']> {
  const { producer, signal } = parts;
  while (!signal.aborted) {
    try {
      await producer.wait(record.ids.at(-1) ?? '', { timeoutMs: WAIT_MS, signal });
      record.outcome = 'final';
      record.endedAt = Date.now();
      return 'final';
    } catch (error) {
      if (hasCode(error, 'generation.not-found')) {
        if ((await insist(parts, of, order, record)) === undefined) {
          // Redis has lost it unsent, and it may not be made again: nothing of it is left.
          record.outcome = 'given-up';
          record.cancelledAt = Date.now();
          return 'given-up';
        }
      } else if (!WAITED_OUT.some((code) => hasCode(error, code)) && !signal.aborted) throw error;
    }
    await delay(AGAIN_MS);
  }
  return 'open';
}
