import type { Model } from '../model.ts';
import { expectedDimensions } from './dimensions.ts';
import { modelId, prices, provider } from './page.ts';
import { parseStoredGrokImagineRequest, readGrokImagineRequest } from './parse.ts';
import { quote } from './quote.ts';
import { MOST_REFERENCE_IMAGES } from './reference-images.ts';
import type { GrokImagineRequest } from './request.ts';

/** Grok Imagine Image at Runware. */
export const grokImagineImage: Model<GrokImagineRequest> = {
  id: modelId,
  provider,
  mostNanoUsd: prices.imageNanoUsd + MOST_REFERENCE_IMAGES * prices.referenceImageNanoUsd,
  read: readGrokImagineRequest,
  parseStored: parseStoredGrokImagineRequest,
  quote,
  outline: (request) => ({
    provider,
    model: modelId,
    expected: { outputFormat: request.outputFormat, dimensions: expectedDimensions(request) },
    // Present if the request had reference images: they decide the expected size.
    request: { ...request, positivePrompt: '', ...(request.inputs !== undefined && { inputs: { referenceImages: [] } }) },
  }),
};
