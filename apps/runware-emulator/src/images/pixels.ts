import { createHash } from 'node:crypto';

/** A small picture that is scaled up to the requested size: an encoder handles flat 8x8 blocks at almost no cost. */
export interface Raster {
  pixels: Buffer;
  width: number;
  height: number;
}

const BLOCK = 8;

/** Draws a picture: colours and slopes from a hash of prompt and seed, with grain so that no two are alike. Three bytes a pixel. */
export function drawRaster(prompt: string, seed: number, width: number, height: number): Raster {
  const hash = createHash('sha256').update(`${prompt}\0${seed}`).digest();
  const at = (index: number): number => hash.readUInt8(index);
  const [red, green, blue] = [at(4), at(6), at(8)];
  const [slopeX, slopeY, weave] = [at(5) & 7, at(7) & 7, at(9) & 3];
  const raster = { width: Math.ceil(width / BLOCK), height: Math.ceil(height / BLOCK) };
  const pixels = Buffer.allocUnsafe(raster.width * raster.height * 3);
  let state = hash.readUInt32LE(0);
  let offset = 0;
  for (let y = 0; y < raster.height; y++) {
    for (let x = 0; x < raster.width; x++) {
      // A linear congruential generator (Numerical Recipes, 7.1); its upper bits are random enough for the grain.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const grain = (state >>> 24) & 31;
      pixels[offset++] = (red + ((x * slopeX) >> 1) + grain) & 255;
      pixels[offset++] = (green + ((y * slopeY) >> 1) + grain) & 255;
      pixels[offset++] = (blue + (((x ^ y) * weave) >> 1) + grain) & 255;
    }
  }
  return { pixels, ...raster };
}
