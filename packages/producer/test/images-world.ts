import {
  defined,
  createGenerationId,
  grokImagineImage,
  parseGrokImagineRequest,
  taskUuidOf,
  type GenerationView,
  type GrokImagineRequestInput,
  type ImageView,
} from '@darkroom/contracts';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { startTestS3, type TestS3 } from '@darkroom/testing';
import sharp from 'sharp';
import { createImages, type Images, type ImagesOptions } from '../src/images/index.ts';

export const drawPng = (side = 64): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#c04010' } })
    .png()
    .toBuffer();

export interface ImagesWorld extends AsyncDisposable {
  /** Fixed clock of this world, near that of the S3 server, which checks signatures by its own. */
  readonly now: number;
  readonly s3: TestS3;
  readonly storage: ObjectStorage;
  readonly images: Images;
  /** Keeps a picture as a worker does. @returns the generation with it as its first image, and its bytes. */
  keep(
    request?: Partial<GrokImagineRequestInput>,
    facts?: Partial<ImageView>,
  ): Promise<{ generation: GenerationView; image: ImageView; bytes: Uint8Array }>;
}

/** A bucket with images, and a reader for them. */
export async function setupImages(options: Partial<ImagesOptions> = {}): Promise<ImagesWorld> {
  const s3 = await startTestS3();
  const now = Date.now();
  const settings = { bucket: s3.bucket, region: s3.region, endpoint: s3.endpoint, credentials: s3.credentials };
  const storage = createObjectStorage({ ...settings, requestTimeoutMs: 5000, maxImageBytes: 1024 * 1024 }, { now: () => now });
  const images = createImages({ ...settings, now: () => now, ...options });
  return {
    now,
    s3,
    storage,
    images,
    async keep(request = {}, facts = {}) {
      const ref = { generationId: createGenerationId(now), index: 0, n: 1 };
      const parsed = parseGrokImagineRequest({ positivePrompt: 'a red door', outputFormat: 'PNG', width: 1024, height: 1024, ...request });
      const bytes = await drawPng(1024);
      const verdict = storage.verify(ref, grokImagineImage.outline(parsed).expected, bytes);
      if (verdict.kind === 'invalid') throw new Error(verdict.reason);
      await storage.keepImage(ref, verdict.image, bytes);
      const image: ImageView = {
        index: 0,
        status: 'succeeded',
        submissionStatus: 'succeeded',
        submissions: 1,
        taskUUID: taskUuidOf(ref),
        image: verdict.image,
        imageUUID: 'c62f6951-f37f-4019-a51c-0ed55c202732',
        seed: 1218818176,
        costUsd: '0.02',
        extras: [],
        ...facts,
      };
      const generation: GenerationView = {
        generationId: ref.generationId,
        revision: 1,
        status: 'succeeded',
        provider: 'runware',
        model: parsed.model,
        tenant: 'default',
        request: parsed,
        images: [image],
        costUsd: '0.02',
        reservedUsd: '0',
        createdAt: now,
        amended: false,
        ...defined({ clientReference: parsed.clientReference }),
      };
      return { generation, image, bytes };
    },
    [Symbol.asyncDispose]: async () => {
      images.close();
      storage.close();
      await s3.stop();
    },
  };
}
