import { QueueUnavailableError } from '@darkroom/contracts';

const whyUnknown = ['reading', 'damaged'] as const;
/** Reasons why a generation without an entry in Redis may have been bought nevertheless (`whyUnknown` of lua/prelude.ts). */
export type WhyUnknown = (typeof whyUnknown)[number];

export const isWhyUnknown = (reply: unknown): reply is WhyUnknown => whyUnknown.some((why) => why === reply);

/** Builds the error for a question about a generation without an entry that may have been bought. */
export const unreadError = (generationId: string, why: WhyUnknown): QueueUnavailableError =>
  new QueueUnavailableError(
    why === 'reading'
      ? `redis does not know generation "${generationId}" yet: it lost its memory, and the rebuild that opened it again goes on to read what S3 remembers; call again later`
      : `redis does not know generation "${generationId}": it lost its memory, and the records of this generation in S3 are damaged; an operator repairs them or gives them up (\`darkroom status\` names them)`,
    { reached: 'no', generationId, details: { reason: why } },
  );

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
