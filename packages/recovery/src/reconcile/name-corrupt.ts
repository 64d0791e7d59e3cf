import { hasCode } from '@darkroom/contracts';
import type { FindingKind, FindingPlace } from '@darkroom/generation-store';
import type { Pass } from './pass.ts';

/** Names of unexpected errors of one entry. Their words may quote the entry, so no log gets them. */
const UNEXPECTED = new Set(['ZodError', '$ZodError', 'TypeError', 'RangeError', 'SyntaxError']);

/** Returns the fault of one entry or record in words that are safe to log; undefined for trouble that concerns everything. */
function damageOf(error: unknown): { words: string; isInS3: boolean } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (hasCode(error, 'store.corrupt-record')) return { words: error.message, isInS3: false };
  if (hasCode(error, 'storage.corrupt-record')) return { words: error.message, isInS3: true };
  if (error.message.includes('WRONGTYPE')) return { words: 'a key of it in Redis is of another type', isInS3: false };
  return UNEXPECTED.has(error.name) ? { words: `it cannot be worked on (${error.name})`, isInS3: false } : undefined;
}

/**
 * Works on an entry or record, or names an unusable one, so that it stops no work on the others.
 * @param kind Finding for a damaged record of S3.
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

/** Names an object that Darkroom did not write; a name that ends in a slash is an empty folder of a console. */
export function nameForeign(pass: Pass, key: string): void {
  if (!key.endsWith('/')) pass.found('foreign-object', { detail: key }, 'named');
}
