export { createImages, type Images } from './create-images.ts';
export type { ImagesOptions } from './options.ts';
export type { ImageResult, ReadImageOptions, RunwareResponseItem } from './read-image.ts';
