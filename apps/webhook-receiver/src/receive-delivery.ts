import { isFinalSubmission, type SubmissionRef } from '@darkroom/contracts';
import type { Logger } from '@darkroom/service-runtime';
import type { Counts } from './counts.ts';
import type { DeliveryInbox, DeliveryReceipt, Wake } from './ports.ts';
import { readDelivery, type DeliveryReading } from './read-delivery.ts';
import { EVERY_MS, type WakeLimit } from './wake-limit.ts';
import { within } from './within.ts';

/** Shortest time between two wakes where the settlement has nothing to learn, but may wait for a time at which it asks once more. */
const EVERY_MS_ONCE_ASKED = 60_000;

// Invariant I6: a delivery wakes and may tell facts, and proves nothing. It is kept before its settlement is woken, so that the
// settlement finds it. Once kept it is acknowledged, even if the wake fails: the parked settlement also runs at its own time.

export interface ReceiveDependencies {
  readonly inbox: DeliveryInbox;
  readonly settlements: Wake;
  readonly wakeLimit: WakeLimit;
  readonly counts: Counts;
  readonly logger: Logger;
  /** Longest wait for the store, in milliseconds. */
  readonly storeLimitMs: number;
}

/** A delivery whose capability was checked. */
export interface Delivery {
  readonly ref: SubmissionRef;
  readonly taskUUID: string;
  readonly body: string;
}

/** "unavailable": the delivery could not be kept, and the provider should send it again. */
export type Acknowledgement = 'kept' | 'unavailable';

/** Keeps a delivery, then wakes the settlement of its submission. Never throws. */
export async function receiveDelivery(delivery: Delivery, dependencies: ReceiveDependencies): Promise<Acknowledgement> {
  const { inbox, counts, logger, storeLimitMs } = dependencies;
  const { ref, taskUUID, body } = delivery;
  const reading = readDelivery(body, taskUUID);
  const fields = { ...ref, taskUUID, sizeBytes: Buffer.byteLength(body), says: reading.says };

  if (reading.malformed !== undefined) {
    counts.add('delivery.malformed');
    logger.warn({ ...fields, code: 'delivery.malformed', reason: reading.malformed }, 'delivery of an unknown shape');
  }
  if (reading.foreignItems > 0) {
    counts.add('delivery.foreign-task');
    logger.warn({ ...fields, foreignItems: reading.foreignItems }, 'delivery names another task than its capability');
  }

  let receipt: DeliveryReceipt;
  try {
    receipt = await within(storeLimitMs, 'keep a delivery', inbox.recordDelivery(ref, { body, told: reading.told }));
  } catch (error) {
    counts.add('delivery.unavailable');
    logger.error({ ...fields, err: error, code: 'store.unavailable' }, 'delivery could not be kept');
    return 'unavailable';
  }
  counts.add(`delivery.${receipt.kind}`);
  const isRepetition =
    isNothingNew(receipt) && dependencies.wakeLimit.wasJustWoken(taskUUID, receipt.isAsked ? EVERY_MS_ONCE_ASKED : EVERY_MS);
  // Repetitions must not fill a disk with log lines; all are counted.
  logger[isRepetition ? 'debug' : 'info']({ ...fields, ...receipt }, 'delivery taken');
  if (!isRepetition && isWorthAWake(reading, receipt)) await wake(delivery, dependencies);
  return 'kept';
}

/** Returns true if the store kept nothing, because it had the delivery already or had no room for more. */
const isNothingNew = ({ kind }: DeliveryReceipt): boolean => kind === 'duplicate' || kind === 'overflow';

/**
 * Returns true if the settlement should be woken. A duplicate may follow a delivery whose receiver died before the wake, and the one
 * too many may be the one that matters: both wake, once a second (`WakeLimit`), until the provider was asked after the newest delivery
 * that is kept. After that a duplicate says nothing new, and neither does the one too many while a settlement is waiting anyway. A
 * submission that has ended may have none any more, so the one too many wakes it: the worker asks once an hour then (`space-questions.ts`
 * of purchase). A submission that has succeeded, or has no entry in Redis, needs no check.
 */
function isWorthAWake(reading: DeliveryReading, { kind, status, isAsked }: DeliveryReceipt): boolean {
  if (!reading.isNews || kind === 'unknown-submission' || status === 'succeeded') return false;
  return !isAsked || kind === 'recorded' || (kind === 'overflow' && status !== undefined && isFinalSubmission(status));
}

async function wake(
  { ref, taskUUID }: Delivery,
  { settlements, wakeLimit, counts, logger, storeLimitMs }: ReceiveDependencies,
): Promise<void> {
  wakeLimit.note(taskUUID); // before the wake, so that only one of many simultaneous copies wakes
  try {
    counts.add(`wake.${await within(storeLimitMs, 'wake a settlement', settlements.wake(ref))}`);
  } catch (error) {
    wakeLimit.forget(taskUUID);
    counts.add('wake.failed');
    logger.warn({ ...ref, taskUUID, err: error }, 'settlement could not be woken; it runs at its own time');
  }
}
