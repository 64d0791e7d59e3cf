import { html, type Html } from '../parts/html.ts';

export type PictureSize = 'small' | 'large';

/** Address of a picture below the dashboard. It names no object of the bucket. */
export const pictureHref = (generationId: string, index: number, size: PictureSize | 'whole'): string =>
  `pictures/${generationId}/${index}/${size}`;

/** Shows a picture, which the dashboard reads from the bucket; one that the content check flags comes blurred. */
export const pictureOf = (generationId: string, index: number, size: PictureSize): Html =>
  html`<img
    class=${size}
    src=${pictureHref(generationId, index, size)}
    alt="image ${index} of generation …${generationId.slice(-8)}"
    loading="lazy"
    decoding="async"
  />`;
