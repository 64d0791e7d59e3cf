import { outputFormats, type OutputFormat } from '@darkroom/contracts';
import fc from 'fast-check';
import sharp from 'sharp';
import { verifyImage } from '../src/index.ts';

const WIDTH = 576;
const HEIGHT = 1248;

/** A plain image of each format: small, so that most of it is header. */
export async function drawImages(): Promise<Record<OutputFormat, Buffer>> {
  const image = () => sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#402010' } });
  const [JPG, PNG, WEBP] = await Promise.all([image().jpeg().toBuffer(), image().png().toBuffer(), image().webp().toBuffer()]);
  return { JPG, PNG, WEBP };
}

/** Changes of an image: bytes replaced (mostly in its header), removed or inserted. */
const changes = fc.array(
  fc.record({
    at: fc.oneof({ weight: 3, arbitrary: fc.nat(64) }, { weight: 1, arbitrary: fc.nat(100_000) }),
    cut: fc.oneof(fc.nat(4), fc.nat(100_000)),
    put: fc.uint8Array({ maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Checks that a changed image is refused with a reason, or valid with the ordered size. */
export const checkMutations = (images: Record<OutputFormat, Buffer>, parameters: { numRuns: number; seed?: number }): void =>
  fc.assert(
    fc.property(fc.constantFrom(...outputFormats), fc.constantFrom(...outputFormats), changes, (drawn, format, all) => {
      const bytes = all.reduce(
        (result, { at, cut, put }) => Buffer.concat([result.subarray(0, at), put, result.subarray(at + cut)]),
        images[drawn],
      );
      const verdict = verifyImage(bytes, { format, dimensions: { kind: 'exact', width: WIDTH, height: HEIGHT }, maxSizeBytes: 200_000 });
      if (verdict.kind === 'invalid') return verdict.detail.length > 0 && verdict.detail.length < 300;
      return verdict.format === drawn && verdict.width === WIDTH && verdict.height === HEIGHT && verdict.sizeBytes === bytes.length;
    }),
    parameters,
  );

/** Checks that random bytes are never an image of the model. */
export const checkNoise = (parameters: { numRuns: number; seed?: number }): void =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...outputFormats), (bytes, format) => {
      const dimensions = { kind: 'bounded', minSide: 1, maxSide: 2 ** 31 } as const;
      return verifyImage(bytes, { format, dimensions }).kind === 'invalid';
    }),
    parameters,
  );
