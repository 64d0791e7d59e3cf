import { randomBytes } from 'node:crypto';
import sharp from 'sharp';

/** Sides of every image of the bench, in pixels. */
const IMAGE_SIDE = 1024;
/** Noise of this many pixels, enlarged, gives a JPG of about 60 KB, as long as a usual image of the model. */
const GRAIN = 48;

/** Draws one JPG. */
export const drawNoise = (): Promise<Buffer> =>
  sharp(randomBytes(GRAIN * GRAIN * 3), { raw: { width: GRAIN, height: GRAIN, channels: 3 } })
    .resize(IMAGE_SIDE, IMAGE_SIDE)
    .jpeg({ quality: 30 })
    .toBuffer();
