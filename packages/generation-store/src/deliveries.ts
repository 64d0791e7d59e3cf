import { createHash } from 'node:crypto';
import { submissionStatuses, type SubmissionRef, type SubmissionStatus, type Told } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments } from './keys.ts';
import { recordDeliveryScript } from './scripts/deliveries.ts';

/** What is kept of a body. The documented ones have less than a thousand characters; a longer one is told from others by its digest. */
const MAX_KEPT_CHARACTERS = 8192;

export interface DeliveryReceipt {
  kind: 'recorded' | 'duplicate' | 'overflow' | 'unknown-submission';
  /** The number of the newest distinct delivery. */
  seq: number;
  /** True if a question was put after that delivery. */
  isAsked: boolean;
  status?: SubmissionStatus;
}

/** Keeps a delivery (I6). @param body The raw body, as it came. @param told What it tells of the task of its capability. */
export async function recordDelivery(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  body: string,
  told: Told = 'nothing',
): Promise<DeliveryReceipt> {
  const digest = createHash('sha256').update(body).digest('base64url');
  const [kind, seq, status, isAsked] = z
    .tuple([
      z.enum(['recorded', 'duplicate', 'overflow', 'unknown-submission']),
      z.coerce.number(),
      z.enum(['', ...submissionStatuses]),
      z.enum(['0', '1']),
    ])
    .parse(
      await recordDeliveryScript.run(redis, generationKey(prefix, ref.generationId), [
        ...refArguments(prefix, ref),
        digest,
        body.slice(0, MAX_KEPT_CHARACTERS),
        writeTold(told),
      ]),
    );
  return { kind, seq, isAsked: isAsked === '1', ...(status === '' ? {} : { status }) };
}

/** The same facts are the same text, so that the script can compare them. */
function writeTold(told: Told): string {
  if (told === 'nothing') return '';
  if (told === 'unclear') return told;
  const { seed, costNanoUsd, imageUUID, imageURL, nsfwContent } = told;
  return JSON.stringify({ seed, costNanoUsd, imageUUID, imageURL, nsfwContent });
}
