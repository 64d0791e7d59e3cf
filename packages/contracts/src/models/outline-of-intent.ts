import type { Intent, PresentIntent } from '../records.ts';
import { findDimensions } from './dimensions.ts';
import { outlineOfEarlier } from './earlier.ts';
import type { RequestOutline } from './outline.ts';

/**
 * Returns the outline in an intent of any version.
 * @throws InvalidRequestError if an intent of an earlier version holds no request that can be read.
 */
export function outlineOfIntent(intent: Omit<PresentIntent, 'requestDigest'> | Intent): RequestOutline {
  if (intent.version === 1) return outlineOfEarlier(intent.request);
  const { provider, model, outputFormat, outline: request } = intent;
  const dimensions = findDimensions(intent.dimensions);
  if (dimensions === undefined) throw new RangeError(`"${intent.dimensions}" are no dimensions`); // the schema of intents checks them
  return { provider, model, expected: { outputFormat, dimensions }, request };
}
