import type { Told } from '@darkroom/contracts';
import { parseDelivery, toldOf } from '@darkroom/runware-client';

/** Contents of a delivery about the submission that its capability names. They prove neither an image nor a failure (I6). */
export interface DeliveryReading {
  /** Reason why the body has none of the known shapes; absent if it has one. */
  malformed?: string;
  /** Items about the submission, for the log: "success", "error timeoutProvider", "processing". */
  says: string[];
  /** Number of items that name another task. They are kept with the rest of the body, and are no news of this task. */
  foreignItems: number;
  /** Facts of the task in the delivery. */
  told: Told;
  /** True if the settlement should check the submission now. */
  isNews: boolean;
}

/** Maximum number of items that one log line names. */
const MAX_SAID = 5;

/** Reads a delivery. @param taskUUID The task of the capability: an item without a task is about this one too. */
export function readDelivery(body: string, taskUUID: string): DeliveryReading {
  const parsed = parseDelivery(body);
  // The capability is valid, so the provider sent it, in a shape that we do not know.
  if (parsed.kind === 'malformed') return { malformed: parsed.reason, says: [], foreignItems: 0, told: 'nothing', isNews: true };
  const own = parsed.items.filter((item) => item.taskUUID === undefined || item.taskUUID.toLowerCase() === taskUUID);
  const foreignItems = parsed.items.length - own.length;
  return {
    says: own.slice(0, MAX_SAID).map(({ kind, code }) => (code === undefined ? kind : `${kind} ${code}`)),
    foreignItems,
    told: toldOf(parsed.items, taskUUID),
    isNews: own.some(({ kind }) => kind !== 'processing') || parsed.items.length === 0,
  };
}
