import { canReadUrl, parseUsd, type NanoUsd, type TaskFacts, type ToldFacts } from '@darkroom/contracts';
import { z } from 'zod';
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

/** Longer addresses are not Runware's; they would only fill records. */
const MAX_ADDRESS = 2048;
const isWebAddress = (address: string): boolean => canReadUrl(address) && /^https?:$/.test(new URL(address).protocol);

/** Facts as a delivery must tell them to be taken: one wrong field makes all of them doubtful. */
const toldSchema = z.object({
  seed: z.int().min(0),
  cost: z.number(),
  imageUUID: z.guid().nullish(),
  imageURL: z.string().max(MAX_ADDRESS).refine(isWebAddress).nullish(),
  NSFWContent: z.boolean().nullish(),
});

/** Reads the facts of a success that a delivery tells. @returns undefined unless they are complete, well formed and bounded. */
export function toldFactsOf({ raw }: AnswerEntry): ToldFacts | undefined {
  const { data: told } = toldSchema.safeParse(raw);
  const costNanoUsd = told === undefined ? undefined : costOf(told.cost);
  if (told === undefined || costNanoUsd === undefined) return undefined;
  const { seed, imageUUID, imageURL, NSFWContent } = told;
  return {
    seed,
    costNanoUsd,
    ...(typeof imageUUID === 'string' ? { imageUUID } : {}),
    ...(typeof imageURL === 'string' ? { imageURL } : {}),
    ...(typeof NSFWContent === 'boolean' ? { nsfwContent: NSFWContent } : {}),
  };
}
