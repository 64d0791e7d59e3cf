import type { GenerationView } from '@darkroom/contracts';
import type { Images } from '@darkroom/producer/images';
import sharp from 'sharp';
import type { PictureSize } from './picture-of.ts';

const widths: Readonly<Record<PictureSize, number>> = { small: 240, large: 640 };
/** Blurs beyond recognition, also where the picture is made larger again. */
const BLUR = 24;
/** Pictures in memory, of some 10 KB each. */
const MOST_KEPT = 500;
/** Each takes the processor for some 50 ms, and up to 16 MB of memory. */
const AT_ONCE = 2;

/** Makes pictures of verified images. */
export interface Pictures {
  /** Returns a small picture as WebP, blurred if the content check flags it. @throws GenerationError, StorageError */
  small(generation: GenerationView, index: number, size: PictureSize): Promise<Uint8Array>;
  /** Returns the image as it is kept. @throws GenerationError, StorageError */
  whole(generation: GenerationView, index: number): Promise<{ bytes: Uint8Array; contentType: string }>;
}

/** Creates pictures that keep the last ones in memory. */
export function createPictures(images: Pick<Images, 'image'>): Pictures {
  sharp.cache(false);
  sharp.concurrency(1);
  const kept = new Map<string, Promise<Uint8Array>>();
  const inTurn = createTurns(AT_ONCE);

  async function make(generation: GenerationView, index: number, size: PictureSize, isBlurred: boolean): Promise<Uint8Array> {
    const bytes = await images.image(generation, index).bytes();
    const picture = sharp(bytes, { limitInputPixels: 64_000_000 }).resize({ width: widths[size], withoutEnlargement: true });
    return (isBlurred ? picture.blur(BLUR) : picture).webp({ quality: 70 }).toBuffer();
  }

  return {
    small(generation, index, size) {
      // asks for the image first: a withheld one is refused, however often it was shown before
      const { image } = images.image(generation, index);
      const isBlurred = generation.images[index]?.nsfwContent === true;
      const name = `${image.key} ${size} ${isBlurred}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const made = inTurn(() => make(generation, index, size, isBlurred));
      kept.set(name, made);
      made.catch(() => kept.delete(name));
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return made;
    },
    async whole(generation, index) {
      const found = images.image(generation, index);
      return { bytes: await found.bytes(), contentType: found.image.contentType };
    },
  };
}

/** Returns a function that does at most `width` works at once, the others in their order. */
function createTurns(width: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running >= width) await new Promise<void>((resolve) => void waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
