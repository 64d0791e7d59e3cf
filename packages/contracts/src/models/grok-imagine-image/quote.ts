import { buildQuote, type Quote } from '../quote.ts';
import { prices } from './page.ts';
import type { GrokImagineRequest } from './request.ts';

/** Returns the highest price by the page: 0.02 USD for each image, plus 0.002 USD for each of its reference images. */
export function quote({ inputs, numberResults }: Pick<GrokImagineRequest, 'inputs' | 'numberResults'>): Quote {
  return buildQuote(prices.imageNanoUsd + (inputs?.referenceImages.length ?? 0) * prices.referenceImageNanoUsd, numberResults);
}
