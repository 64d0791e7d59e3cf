import { hasCode } from '@darkroom/contracts';
import type { FindingKind, FindingPlace } from '@darkroom/generation-store';
import type { Pass } from './pass.ts';

/** Errors of one entry that code did not expect. What they say may be a part of the entry, and is told nobody. */
const UNEXPECTED = new Set(['ZodError', '$ZodError', 'TypeError', 'RangeError', 'SyntaxError']);

/** Says what is wrong with one record, in words that are safe to log; undefined for trouble that concerns everything. */
function damageOf(error: unknown): { words: string; isInS3: boolean } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (hasCode(error, 'store.corrupt-record')) return { words: error.message, isInS3: false };
  if (hasCode(error, 'storage.corrupt-record')) return { words: error.message, isInS3: true };
  if (error.message.includes('WRONGTYPE')) return { words: 'a key of it in Redis is of another type', isInS3: false };
  return UNEXPECTED.has(error.name) ? { words: `it cannot be worked on (${error.name})`, isInS3: false } : undefined;
}

/**
 * Does something with a record, or names the record that cannot be used: it stops nobody from looking at the rest.
 * @param kind What a record of S3 that is damaged is named as.
 */
export async function orName<Value>(
  pass: Pass,
  place: FindingPlace,
  look: () => Promise<Value>,
  kind: FindingKind = 'record-corrupt',
): Promise<Value | undefined> {
  try {
    return await look();
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    pass.found(
      damage.isInS3 ? kind : 'record-corrupt',
      { ...place, detail: place.detail === undefined ? damage.words : `${place.detail}: ${damage.words}` },
      'named',
    );
    return undefined;
  }
}

/** Names an object that is none of Darkroom's; a name that ends in a slash is how consoles show an empty folder. */
export function nameForeign(pass: Pass, key: string): void {
  if (!key.endsWith('/')) pass.found('foreign-object', { detail: key }, 'named');
}
