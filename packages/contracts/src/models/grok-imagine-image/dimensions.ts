import type { ExpectedDimensions } from '../dimensions.ts';
import type { GrokImagineRequest } from './request.ts';
import { sizes } from './sizes.ts';

/**
 * Bounds where the page promises no size. The page's sides range from 576 to 1408. These bounds are wider, to allow any ratio of an
 * input: a paid image is better kept than refused. They still limit what is decoded.
 */
const BOUNDS = { minSide: 64, maxSide: 4096 } as const;

/**
 * Returns the sizes that an image of this request may have: the requested size; one of the 13 sizes for `resolution` alone; only
 * bounds for reference images without a size, because the image then "matches the aspect ratio from the input" (model page, "resolution").
 */
export function expectedDimensions(request: GrokImagineRequest): ExpectedDimensions {
  if (request.width !== undefined) return { kind: 'exact', width: request.width, height: request.height };
  if (request.inputs === undefined) return { kind: 'one-of', sizes };
  return { kind: 'bounded', ...BOUNDS };
}
