import { canReadUrl, defined, parseUsd, type NanoUsd, type TaskFacts, type ToldFacts } from '@darkroom/contracts';
import { z } from 'zod';
import type { AnswerEntry } from './answer.ts';

/** Reads the facts of a finished task (model page, "Response Parameters"). A missing or garbled fact is absent. */
export function factsOf({ imageUUID, imageURL, seed, cost, NSFWContent }: AnswerEntry): TaskFacts {
  const costNanoUsd = cost === undefined ? undefined : costOf(cost);
  return defined({
    imageUUID: imageUUID === '' ? undefined : imageUUID,
    imageURL: imageURL === '' ? undefined : imageURL,
    // JSON has already lost digits of a larger number, so it would not be the seed.
    seed: Number.isSafeInteger(seed) ? seed : undefined,
    costNanoUsd,
    nsfwContent: NSFWContent,
  });
}

/** Reads a cost in US dollars, a float in JSON; beyond nine decimals there are only rounding errors of binary floats. */
function costOf(cost: number | string): NanoUsd | undefined {
  try {
    return parseUsd(typeof cost === 'number' ? cost.toFixed(9) : cost);
  } catch {
    return undefined;
  }
}

/** Longer addresses are not Runware's and would only fill records. */
const MAX_ADDRESS = 2048;
const isWebAddress = (address: string): boolean => canReadUrl(address) && /^https?:$/.test(new URL(address).protocol);

/** Facts in the form required of a delivery: one wrong field makes all of them doubtful. */
const toldSchema = z.object({
  seed: z.int().min(0),
  cost: z.number(),
  imageUUID: z.guid().nullish(),
  imageURL: z.string().max(MAX_ADDRESS).refine(isWebAddress).nullish(),
  NSFWContent: z.boolean().nullish(),
});

/** Reads the facts of a success in a delivery. @returns undefined unless they are complete, well formed and bounded. */
export function toldFactsOf({ raw }: AnswerEntry): ToldFacts | undefined {
  const { data: told } = toldSchema.safeParse(raw);
  const costNanoUsd = told === undefined ? undefined : costOf(told.cost);
  if (told === undefined || costNanoUsd === undefined) return undefined;
  const { seed, imageUUID, imageURL, NSFWContent } = told;
  return {
    seed,
    costNanoUsd,
    ...defined({ imageUUID: imageUUID ?? undefined, imageURL: imageURL ?? undefined, nsfwContent: NSFWContent ?? undefined }),
  };
}
