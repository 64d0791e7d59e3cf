import { buildQuote, type Model, type StoredRequest } from '@darkroom/contracts';

/** A request of the invented model. */
export interface PosterRequest extends StoredRequest {
  model: 'acme:poster@1';
  text: string;
  /** Short side in units of 100 pixels; the long side is a half longer. */
  scale: 1 | 2;
}

const IMAGE_NANO_USD = 70_000_000;

/** A model that no version has, of another provider, with sizes and prices of its own: one folder. */
export const posterModel: Model<PosterRequest> = {
  id: 'acme:poster@1',
  provider: 'acme',
  mostNanoUsd: 2 * IMAGE_NANO_USD,
  read(input, _limits, problems) {
    const { text, scale = 1, numberResults = 1 } = input as Partial<PosterRequest>; // a test gives objects
    if (typeof text !== 'string' || text === '') problems.push({ path: 'text', message: 'must be a text' });
    if (scale !== 1 && scale !== 2) problems.push({ path: 'scale', message: 'must be 1 or 2' });
    if (problems.count > 0) return undefined;
    return { model: 'acme:poster@1', text: text ?? '', scale, numberResults, outputFormat: 'PNG' };
  },
  parseStored: (input) => input as PosterRequest, // written by `read`
  quote: ({ numberResults, scale }) => buildQuote(IMAGE_NANO_USD * scale, numberResults),
  outline: (request) => ({
    provider: 'acme',
    model: 'acme:poster@1',
    expected: { outputFormat: 'PNG', dimensions: { kind: 'exact', width: 100 * request.scale, height: 150 * request.scale } },
    request: { ...request, text: '' } as PosterRequest,
  }),
};
