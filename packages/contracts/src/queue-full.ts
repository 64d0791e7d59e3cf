import { DarkroomError, type DarkroomErrorOptions } from './errors.ts';

/** Bounds on open images, by the names of their settings: of one tenant, and of all together. */
export const openImageBoundNames = ['openImagesPerTenant', 'openImages'] as const;
export type OpenImageBound = (typeof openImageBoundNames)[number];

/** A bound that an enqueue would cross. */
export interface ReachedBound {
  bound: OpenImageBound;
  /** Images that may be open at once. */
  limit: number;
  /** Images that are open. */
  open: number;
}

/**
 * The caller must call again when some images have ended, or the operator must raise the bound. A generation of more images than the bound
 * never fits, and `retryable` is false then.
 */
export class QueueFullError extends DarkroomError {
  /** The bound that would be crossed. */
  readonly bound: OpenImageBound;
  /**
   * @param images Images of the generation.
   * @param reached The bound; without its numbers for a caller that may not learn of other tenants.
   */
  constructor(
    generationId: string,
    images: number,
    reached: ReachedBound | { bound: OpenImageBound; neverFits: boolean },
    options: DarkroomErrorOptions = {},
  ) {
    const neverFits = 'limit' in reached ? images > reached.limit : reached.neverFits;
    const whose = reached.bound === 'openImages' ? 'all tenants together' : 'a tenant';
    const numbers =
      'limit' in reached ? `of the ${reached.limit} images that ${whose} may have open, ${reached.open} are` : 'the queue is full';
    const cure = neverFits ? 'it never fits: ask for fewer images, or let an operator raise the bound' : 'call again when some have ended';
    const details = 'limit' in reached ? { ...reached } : { bound: reached.bound };
    super(
      'queue.full',
      `could not enqueue generation "${generationId}" with ${images} image${images === 1 ? '' : 's'}: ${numbers}; nothing was queued or bought; ${cure}`,
      !neverFits,
      { ...options, details: { ...details, ...options.details } },
    );
    this.bound = reached.bound;
  }
}
