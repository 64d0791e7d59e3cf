import type { SubmissionRef } from '@darkroom/contracts';
import type { Logger } from '@darkroom/service-runtime';
import type { Counts } from './counts.ts';
import type { DeliveryInbox, DeliveryReceipt, Wake } from './ports.ts';
import { readDelivery, type DeliveryReading } from './read-delivery.ts';
import type { WakeLimit } from './wake-limit.ts';
import { within } from './within.ts';

// Invariant I6: a delivery wakes and may tell facts, and proves nothing. It is kept before anybody is woken, so that whoever is woken finds it; and once it is
// kept it is acknowledged, because the parked settlement looks by itself even if nobody wakes it.

export interface ReceiveDependencies {
  readonly inbox: DeliveryInbox;
  readonly settlements: Wake;
  readonly wakeLimit: WakeLimit;
  readonly counts: Counts;
  readonly logger: Logger;
  /** How long the store may take, in milliseconds. */
  readonly storeLimitMs: number;
}

/** A delivery whose capability was checked. */
export interface Delivery {
  readonly ref: SubmissionRef;
  readonly taskUUID: string;
  readonly body: string;
}

/** "unavailable": it could not be kept, and the provider should send it again. */
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
  const isRepetition = isNothingNew(receipt) && dependencies.wakeLimit.wasJustWoken(taskUUID);
  // A flood of them must not fill a disk with lines either; all are counted.
  logger[isRepetition ? 'debug' : 'info']({ ...fields, ...receipt }, 'delivery taken');
  if (!isRepetition && isWorthALook(reading, receipt)) await wake(delivery, dependencies);
  return 'kept';
}

/** What no settlement finds in the record, because it lies there already or was one too many. */
const isNothingNew = ({ kind }: DeliveryReceipt): boolean => kind === 'duplicate' || kind === 'overflow';

/**
 * A duplicate may follow a delivery whose receiver died before it woke anybody, and one too many to be kept may be the one
 * that matters: both wake, once a second (`WakeLimit`). Of a submission that succeeded, or that no record knows, there is nothing to look at.
 */
const isWorthALook = (reading: DeliveryReading, { kind, status }: DeliveryReceipt): boolean =>
  reading.isNews && kind !== 'unknown-submission' && status !== 'succeeded';

async function wake(
  { ref, taskUUID }: Delivery,
  { settlements, wakeLimit, counts, logger, storeLimitMs }: ReceiveDependencies,
): Promise<void> {
  wakeLimit.note(taskUUID); // before it is woken: of many copies at once, one wakes
  try {
    counts.add(`wake.${await within(storeLimitMs, 'wake a settlement', settlements.wake(ref))}`);
  } catch (error) {
    wakeLimit.forget(taskUUID);
    counts.add('wake.failed');
    logger.warn({ ...ref, taskUUID, err: error }, 'settlement could not be woken; it looks at its own time');
  }
}
