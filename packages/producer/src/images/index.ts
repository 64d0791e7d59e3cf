export type { VerifiedImage } from '@darkroom/contracts';
export { createImages } from './create-images.ts';
export type {
  GenerationImage,
  ImageResult,
  Images,
  PutReferenceImageOptions,
  ReadImageOptions,
  RunwareResponseItem,
  UrlOptions,
} from './images.ts';
export type { ImagesOptions } from './options.ts';
