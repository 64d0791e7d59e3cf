import { formatUsd, prices, type NanoUsd } from '@darkroom/contracts';
import type { Faults } from '../faults/schema.ts';
import type { ImageRequest } from './image-request.ts';

/** Returns the charge for one image, exact. */
export function chargeOf(request: Pick<ImageRequest, 'inputs'>, faults: Pick<Faults, 'cost' | 'referenceImageCharge'>): NanoUsd {
  const references = request.inputs.referenceImages.length;
  const charged = faults.referenceImageCharge === 'per-request' ? Math.min(references, 1) : references;
  const quoted = prices.imageNanoUsd + charged * prices.referenceImageNanoUsd;
  return faults.cost === 'surcharged' ? quoted * 1.5 : quoted;
}

/** Returns `cost` of one item, a JSON number of US dollars; undefined if it is absent. */
export function reportedCost(
  request: Pick<ImageRequest, 'inputs' | 'includeCost'>,
  faults: Pick<Faults, 'cost' | 'referenceImageCharge'>,
): number | undefined {
  if (!request.includeCost || faults.cost === 'absent') return undefined;
  return faults.cost === 'zero' ? 0 : Number(formatUsd(chargeOf(request, faults)));
}
