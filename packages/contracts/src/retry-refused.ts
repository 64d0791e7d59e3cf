import { DarkroomError, type DarkroomErrorOptions } from './errors.ts';

/** Reasons against buying an image again, the one that names the whole call first. */
export const retryRefusals = [
  'retry.in-progress',
  'retry.already-retried',
  'retry.already-succeeded',
  'retry.lost-image',
  'retry.unknown-outcome',
] as const;
export type RetryRefusal = (typeof retryRefusals)[number];

/** An image that is not bought again. */
export interface RefusedImage {
  /** Its index in the generation that the call names. */
  index: number;
  /** The reason. */
  code: RetryRefusal;
  /** The generation that is the reason: that of the purchase under way, of the image that is there, or of the other retry. */
  generationId: string;
}

const words: Readonly<Record<RetryRefusal, string>> = {
  'retry.in-progress': 'a purchase of it is under way, or one of its sends may have been accepted',
  'retry.already-retried': 'another retry has it',
  'retry.already-succeeded': 'it is there',
  'retry.lost-image': 'it was paid for and lost, and `mayPayAgain` is not given',
  'retry.unknown-outcome': 'nothing tells if it was paid for, and `mayPayAgain` is not given',
};

/**
 * The caller must wait for the purchase under way, ask for fewer images, read the retry that exists, or accept that an image may be paid
 * for again. Names all refused images; its code is that of the first of `retryRefusals` that one of them has.
 */
export class RetryRefusedError extends DarkroomError {
  /** The refused images, by index. */
  readonly images: readonly RefusedImage[];
  constructor(generationId: string, images: readonly RefusedImage[], options?: DarkroomErrorOptions) {
    const code = retryRefusals.find((each) => images.some((image) => image.code === each)) ?? 'retry.in-progress';
    const lines = images.map((image) => `  image ${image.index}: ${words[image.code]} (generation "${image.generationId}")`);
    super(
      code,
      [`could not retry generation "${generationId}"; nothing was queued or bought`, ...lines].join('\n'),
      code === 'retry.in-progress',
      options,
    );
    this.images = images;
  }
}
