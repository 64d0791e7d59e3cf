import { formatUsd, type NanoUsd } from '../../money.ts';
import { prices } from './page.ts';
import type { GrokImagineRequest } from './request.ts';

/** Highest price of a request, exactly: the amount held before the purchase. */
export interface Quote {
  /** One image. */
  imageNanoUsd: NanoUsd;
  /** All `numberResults` of them. */
  totalNanoUsd: NanoUsd;
  imageUsd: string;
  totalUsd: string;
  currency: 'USD';
}

/** Returns the highest price by the page: 0.02 USD for each image, plus 0.002 USD for each of its reference images. */
export function quote({ inputs, numberResults }: Pick<GrokImagineRequest, 'inputs' | 'numberResults'>): Quote {
  const imageNanoUsd = prices.imageNanoUsd + (inputs?.referenceImages.length ?? 0) * prices.referenceImageNanoUsd;
  const totalNanoUsd = imageNanoUsd * numberResults;
  return { imageNanoUsd, totalNanoUsd, imageUsd: formatUsd(imageNanoUsd), totalUsd: formatUsd(totalNanoUsd), currency: 'USD' };
}
