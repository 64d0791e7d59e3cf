import type { GrokImagineRequest } from './request.ts';
import { isSupportedSize, sizes, type Size } from './sizes.ts';

/** What a finished image may measure, in pixels. */
export type ExpectedDimensions =
  | { kind: 'exact'; width: number; height: number }
  | { kind: 'one-of'; sizes: readonly Size[] }
  /** Both sides from `minSide` to `maxSide`. */
  | { kind: 'bounded'; minSide: number; maxSide: number };

/**
 * Bounds where the page promises no size. The longest side of its table is 1408 and the shortest 576; these leave room for any
 * ratio an input may have, because an image that was paid for is worse refused than kept, and still bound what is decoded.
 */
const BOUNDS = { minSide: 64, maxSide: 4096 } as const;

/**
 * Says what an image of this request may measure: the size that was asked for; one of the 13 sizes for `resolution` alone; and
 * with reference images and no size only bounds, as it then "matches the aspect ratio from the input" (model page, "resolution").
 */
export function expectedDimensions(request: GrokImagineRequest): ExpectedDimensions {
  if (request.width !== undefined) return { kind: 'exact', width: request.width, height: request.height };
  if (request.inputs === undefined) return { kind: 'one-of', sizes };
  return { kind: 'bounded', ...BOUNDS };
}

/** Whether an image of this size is what was expected. */
export function fitsDimensions(expected: ExpectedDimensions, size: { width: number; height: number }): boolean {
  switch (expected.kind) {
    case 'exact':
      return size.width === expected.width && size.height === expected.height;
    case 'one-of':
      return isSupportedSize(size);
    case 'bounded':
      return Math.min(size.width, size.height) >= expected.minSide && Math.max(size.width, size.height) <= expected.maxSide;
  }
}
