/** Sizes that the model makes, by ratio (model page, "Compatibility & Validation"; all of resolution 1K). */
export const sizeOfRatio = {
  '1:1': { width: 1024, height: 1024 },
  '3:4': { width: 896, height: 1280 },
  '4:3': { width: 1280, height: 896 },
  '9:16': { width: 768, height: 1408 },
  '16:9': { width: 1408, height: 768 },
  '2:3': { width: 864, height: 1296 },
  '3:2': { width: 1296, height: 864 },
  '9:19.5': { width: 576, height: 1248 },
  '19.5:9': { width: 1248, height: 576 },
  '9:20': { width: 576, height: 1280 },
  '20:9': { width: 1280, height: 576 },
  '1:2': { width: 704, height: 1408 },
  '2:1': { width: 1408, height: 704 },
} as const;

export type Ratio = keyof typeof sizeOfRatio;

/** One of the 13 sizes in pixels, `width` and `height` together. */
export type Size = (typeof sizeOfRatio)[Ratio];

/** The 13 sizes, in the order of the page. */
export const sizes: readonly Size[] = Object.values(sizeOfRatio);

/** Returns the size with these sides, or undefined if the model does not make it. */
export const findSize = (width: number, height: number): Size | undefined =>
  sizes.find((size) => size.width === width && size.height === height);

/** Returns true if the model makes images of this size. Narrows the type, so that computed sides can go into a request. */
export const isSupportedSize = (size: { width: number; height: number }): size is Size => findSize(size.width, size.height) !== undefined;
