import type { GrokImagineRequest } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf, parseEntry } from '../corrupt-entry.ts';
import { storedRequest } from '../entry-fields.ts';
import { generationKey } from '../keys.ts';

/**
 * A request may hold images, and each script reads the whole entry of a generation. So the text of a large one lies under a key of its own
 * (a hash with one field, `generation:<id>:request`, which ends with the entry), and the entry has its outline: the field `outline`
 * in the place of `request`. Which of the two an entry has says where its request lies; entries of earlier versions have `request`.
 *
 * A worker of an earlier version, beside later producers during a deployment, takes an entry without `request` for damaged: it changes
 * nothing, names the entry, and puts the job back for a minute at most, until a worker of this version takes it. Its own producers and
 * dashboards cannot show such a generation. All others go on, since a request without images stays in the entry.
 */
const MAX_IN_ENTRY_BYTES = 4096;

/** The outline of a request that is too large for the entry of its generation, '' of all others: enough to verify an image by, and nothing to buy. */
export function outlineOf(request: GrokImagineRequest, text: string): string {
  if (Buffer.byteLength(text) <= MAX_IN_ENTRY_BYTES) return '';
  const inputs = request.inputs === undefined ? {} : { inputs: { referenceImages: [] } };
  return JSON.stringify({ ...request, positivePrompt: '', ...inputs });
}

/** Reads a request that lies apart; undefined when its generation has ended its time in Redis meanwhile. @throws CorruptRecordError when it is missing. */
export async function readLargeRequest(redis: Redis, prefix: string, generationId: string): Promise<GrokImagineRequest | undefined> {
  const entry = generationKey(prefix, generationId);
  const key = `${entry}:request`;
  try {
    const text = await redis.hget(key, 'request');
    if (text === null && (await redis.hget(entry, 'status')) === null) return undefined;
    return parseEntry(key, storedRequest, text ?? '');
  } catch (error) {
    throw corruptRecordOf(error, key) ?? error;
  }
}
