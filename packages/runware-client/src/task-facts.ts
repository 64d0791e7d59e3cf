import { parseUsd, type NanoUsd, type TaskFacts } from '@darkroom/contracts';
import type { AnswerEntry } from './answer.ts';

/** What an entry tells of a finished task (model page, "Response Parameters"). What it does not tell, or garbles, is absent. */
export function factsOf({ imageUUID, imageURL, seed, cost, NSFWContent }: AnswerEntry): TaskFacts {
  const costNanoUsd = cost === undefined ? undefined : costOf(cost);
  return {
    ...(imageUUID === undefined || imageUUID === '' ? {} : { imageUUID }),
    ...(imageURL === undefined || imageURL === '' ? {} : { imageURL }),
    // A larger number has already lost digits in JSON, so it would not be the seed.
    ...(seed === undefined || !Number.isSafeInteger(seed) ? {} : { seed }),
    ...(costNanoUsd === undefined ? {} : { costNanoUsd }),
    ...(NSFWContent === undefined ? {} : { nsfwContent: NSFWContent }),
  };
}

/** US dollars as a float in JSON; beyond nine decimals there is only what binary floats add to a sum of prices. */
function costOf(cost: number | string): NanoUsd | undefined {
  try {
    return parseUsd(typeof cost === 'number' ? cost.toFixed(9) : cost);
  } catch {
    return undefined;
  }
}
