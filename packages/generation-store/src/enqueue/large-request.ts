import type { GrokImagineRequest } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf, parseEntry } from '../corrupt-entry.ts';
import { storedRequest } from '../entry-fields.ts';
import { generationKey } from '../keys.ts';

/**
 * Large requests. A request may hold images, and each script reads the whole entry of a generation. So the text of a large one lies under
 * its own key (a hash with one field, `generation:<id>:request`, which ends with the entry), and the entry has the field `outline` in place
 * of `request`. Entries of earlier versions always have `request`.
 *
 * During a deployment a worker of an earlier version takes an entry without `request` for damaged: it changes nothing, names the entry, and
 * puts the job back for at most a minute, until a worker of this version takes it. Producers and dashboards of that version cannot show
 * such a generation. All others go on, because a request without images stays in the entry.
 */
const MAX_IN_ENTRY_BYTES = 4096;

/**
 * Returns the outline of a request that is too large for the entry of its generation, '' of all others. It suffices to verify an image, not
 * to buy one.
 */
export function outlineOf(request: GrokImagineRequest, text: string): string {
  if (Buffer.byteLength(text) <= MAX_IN_ENTRY_BYTES) return '';
  const inputs = request.inputs === undefined ? {} : { inputs: { referenceImages: [] } };
  return JSON.stringify({ ...request, positivePrompt: '', ...inputs });
}

/**
 * Reads a request under its own key; undefined if the generation has left Redis meanwhile.
 * @throws CorruptRecordError if the request is missing.
 */
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
