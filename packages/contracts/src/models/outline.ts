import type { ExpectedDimensions } from './dimensions.ts';
import type { OutputFormat } from './output-format.ts';
import type { StoredRequest } from './stored-request.ts';

/** Requirements on the image of a request. */
export interface ExpectedImage {
  outputFormat: OutputFormat;
  dimensions: ExpectedDimensions;
}

/**
 * The part of a request that is not personal, and that suffices for everything but a send: an image is verified, an entry restored and a
 * generation listed by it after the request was erased.
 */
export interface RequestOutline {
  provider: string;
  model: string;
  expected: ExpectedImage;
  /** The request with an empty prompt and without reference images. */
  request: StoredRequest;
}
