import { grokImagineImage } from './grok-imagine-image/model.ts';
import type { RequestOutline } from './outline.ts';

/** Provider and model of everything that was stored without their names. */
export const earlierOrigin = { provider: grokImagineImage.provider, model: grokImagineImage.id } as const;

/**
 * Returns the outline of a request, or of an outlined request, that a version without outlines stored: such a request is always one of
 * Runware's Grok Imagine Image.
 * @throws InvalidRequestError if it is none.
 */
export const outlineOfEarlier = (request: unknown): RequestOutline => grokImagineImage.outline(grokImagineImage.parseStored(request));
