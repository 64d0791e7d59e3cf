import { QueueUnavailableError, StoreNotInitialisedError } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

const whyUnknown = ['reading', 'damaged'] as const;
/** Reasons why a generation without an entry in Redis may have been bought nevertheless (`whyUnknown` of lua/prelude.ts). */
export type WhyUnknown = (typeof whyUnknown)[number];

export const isWhyUnknown = (reply: unknown): reply is WhyUnknown => whyUnknown.some((why) => why === reply);

/** Builds the error for a question about a generation without an entry that may have been bought. */
export const unreadError = (generationId: string, why: WhyUnknown | 'recovering'): QueueUnavailableError =>
  new QueueUnavailableError(`redis does not know generation "${generationId}"${words[why]}`, {
    reached: 'no',
    generationId,
    details: { reason: why },
  });

const words: Readonly<Record<WhyUnknown | 'recovering', string>> = {
  recovering: ' yet: it restarted, and S3 is being asked what redis has forgotten; call again in some seconds',
  reading: ' yet: it lost its memory, and the rebuild that opened it again goes on to read what S3 remembers; call again later',
  damaged:
    ': it lost its memory, and the records of this generation in S3 are damaged; an operator repairs them or gives them up (`darkroom status` names them)',
};

/** Replies why Redis may have forgotten a generation of which it holds no entry, or its retries; nil if it has forgotten none. */
const memoryScript = createNamedScript(['id', 'withRetries'])(/* lua */ `${prelude}
if not isOpen() then return 'not-initialised' end
return recovering() and 'recovering' or withRetries == '1' and isReading() and 'reading' or whyUnknown(id)
`);

const memoryReply = z.enum([...whyUnknown, 'recovering', 'not-initialised']).nullable();

/**
 * Makes sure that Redis has forgotten no generation of this id, of which it holds no entry: a caller who hears that there is none orders anew.
 * @param withRetries Also asks for the retries of the generation, which a rebuild may read at any time.
 * @throws StoreNotInitialisedError; QueueUnavailableError while Redis is not compared with S3, or a rebuild has this id to read.
 */
export async function checkMemory(redis: Redis, prefix: string, generationId: string, withRetries = false): Promise<void> {
  const given = { id: generationId, withRetries: withRetries ? 1 : 0 };
  const why = memoryReply.parse(await memoryScript.run(redis, generationKey(prefix, generationId), prefix, given));
  if (why === 'not-initialised') throw new StoreNotInitialisedError();
  if (why !== null) throw unreadError(generationId, why);
}

/**
 * Looks for what Redis may have forgotten. A comparison with S3 may restore it, and end, between a look and the check: so it looks once more.
 * @param check Throws while Redis may have forgotten it. @returns undefined if there is none.
 */
export async function lookSurely<Found>(look: () => Promise<Found | undefined>, check: () => Promise<void>): Promise<Found | undefined> {
  const found = await look();
  if (found !== undefined) return found;
  await check();
  return look();
}

/**
 * Builds the error for an enqueue whose id or idempotency key may have been bought.
 * @param unreadable The generation that is not read, if it is known.
 */
export const unreadEnqueueError = (generationId: string, why: WhyUnknown, unreadable: string | undefined): QueueUnavailableError =>
  new QueueUnavailableError(
    why === 'reading'
      ? `could not enqueue generation "${generationId}": redis lost its memory, and the rebuild that opened it again goes on to read what S3 remembers; whether the generation or its idempotency key is an earlier one is known when it has ended. Nothing was queued; call again later, or enqueue under a new id without an idempotency key`
      : `could not enqueue generation "${generationId}": redis lost its memory, and the records in S3 of generation "${unreadable ?? generationId}", which has this id or idempotency key, are damaged, so that nothing tells whether it was bought. Nothing was queued; an operator repairs the records or gives them up (\`darkroom status\` names them)`,
    { reached: 'no', generationId, details: { reason: why } },
  );
