import type { Told } from '@darkroom/contracts';
import { parseDelivery, toldOf } from '@darkroom/runware-client';

/** What a delivery says about the submission that its capability names. Nothing of it proves an image or a failure (I6). */
export interface DeliveryReading {
  /** Undefined for a body of none of the known shapes, with the reason why. */
  malformed?: string;
  /** What is said of the submission: "success", "error timeoutProvider", "processing". */
  says: string[];
  /** Items that name another task: kept with the rest of the body, and not taken for news of this one. */
  foreignItems: number;
  /** What it tells of the facts of the task. */
  told: Told;
  /** Whether there is a reason to look. */
  isNews: boolean;
}

/** Longer lists tell a log nothing more. */
const MAX_SAID = 5;

/** @param taskUUID That of the capability: an item that names none speaks of it, too. */
export function readDelivery(body: string, taskUUID: string): DeliveryReading {
  const parsed = parseDelivery(body);
  // Its capability is ours, so somebody we asked has something to say, in words that we do not know.
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
