import type { PollTurn, PollWish, SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments } from './keys.ts';
import { takePollTurnScript } from './scripts/poll-line.ts';

export interface PollRate {
  /** Questions to the provider per second, over the whole fleet. */
  perSecond: number;
  /** How many of them may come at once. */
  burst: number;
}

const replySchema = z.tuple([z.enum(['granted', 'wait']), z.coerce.number()]);

/** Takes a place in the fleet's line of questions: now, or a booked one, at which the same wish is granted. */
export async function takePollTurn(
  redis: Redis,
  prefix: string,
  { perSecond, burst }: PollRate,
  ref: SubmissionRef,
  { leg, questions, booked = questions, isEarly = false }: PollWish,
): Promise<PollTurn> {
  const [kind, value] = replySchema.parse(
    await takePollTurnScript.run(redis, generationKey(prefix, ref.generationId), [
      ...refArguments(prefix, ref),
      leg,
      questions,
      booked,
      1000 / perSecond,
      burst,
      isEarly ? 1 : 0,
    ]),
  );
  return kind === 'granted' ? { kind, questions: value } : { kind, delayMs: value };
}
