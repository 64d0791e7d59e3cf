import { formatUsd, type NanoUsd } from '../money.ts';

/** Highest price of a request, exactly: the amount held before the purchase. */
export interface Quote {
  /** One image. */
  imageNanoUsd: NanoUsd;
  /** All `numberResults` of them. */
  totalNanoUsd: NanoUsd;
  /** Highest price of one image, in US dollars as decimal text. */
  imageUsd: string;
  /** Highest price of all images, in US dollars as decimal text. */
  totalUsd: string;
  currency: 'USD';
}

/** Builds the quote of a number of images. */
export function buildQuote(imageNanoUsd: NanoUsd, images: number): Quote {
  const totalNanoUsd = imageNanoUsd * images;
  return { imageNanoUsd, totalNanoUsd, imageUsd: formatUsd(imageNanoUsd), totalUsd: formatUsd(totalNanoUsd), currency: 'USD' };
}
