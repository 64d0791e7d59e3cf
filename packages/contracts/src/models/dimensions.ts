/** Allowed size of a finished image, in pixels. */
export type ExpectedDimensions =
  | { kind: 'exact'; width: number; height: number }
  | { kind: 'one-of'; sizes: readonly { width: number; height: number }[] }
  /** Both sides from `minSide` to `maxSide`. */
  | { kind: 'bounded'; minSide: number; maxSide: number };

/** Returns true if an image of this size is as expected. */
export function fitsDimensions(expected: ExpectedDimensions, size: { width: number; height: number }): boolean {
  switch (expected.kind) {
    case 'exact':
      return size.width === expected.width && size.height === expected.height;
    case 'one-of':
      return expected.sizes.some(({ width, height }) => size.width === width && size.height === height);
    case 'bounded':
      return Math.min(size.width, size.height) >= expected.minSide && Math.max(size.width, size.height) <= expected.maxSide;
  }
}

/** Writes the allowed sizes as stores keep them: "1280x896", "1024x1024 896x1280 …" or "64..4096". */
export function formatDimensions(expected: ExpectedDimensions): string {
  switch (expected.kind) {
    case 'exact':
      return `${expected.width}x${expected.height}`;
    case 'one-of':
      return expected.sizes.map(({ width, height }) => `${width}x${height}`).join(' ');
    case 'bounded':
      return `${expected.minSide}..${expected.maxSide}`;
  }
}

const SIZES = /^\d{1,6}x\d{1,6}(?: \d{1,6}x\d{1,6})*$/;
const BOUNDS = /^(\d{1,6})\.\.(\d{1,6})$/;

/** Sizes that were read lately: a model has few lists of them, and each image comes with one. */
const lately = new Map<string, ExpectedDimensions>();
const MOST_LATELY = 100;

/** Reads what `formatDimensions` wrote; undefined for any other text. */
export function findDimensions(text: string): ExpectedDimensions | undefined {
  const known = lately.get(text);
  if (known !== undefined) return known;
  const found = readDimensions(text);
  if (found !== undefined && lately.size < MOST_LATELY) lately.set(text, found);
  return found;
}

function readDimensions(text: string): ExpectedDimensions | undefined {
  const [, minSide, maxSide] = BOUNDS.exec(text) ?? [];
  if (minSide !== undefined && maxSide !== undefined) return { kind: 'bounded', minSide: Number(minSide), maxSide: Number(maxSide) };
  if (!SIZES.test(text)) return undefined;
  const sizes = text.split(' ').map((size) => {
    const [width = 0, height = 0] = size.split('x').map(Number);
    return { width, height };
  });
  const [first] = sizes;
  return sizes.length === 1 && first !== undefined ? { kind: 'exact', ...first } : { kind: 'one-of', sizes };
}
