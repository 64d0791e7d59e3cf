import { exampleRequests, parseGrokImagineRequest, type GenerationView, type ImageView, type VerifiedImage } from '@darkroom/contracts';

/** Builds a generation as the producer returns it: by default the first example, queued. */
export const buildGeneration = (generation: Partial<GenerationView> = {}): GenerationView => ({
  generationId: '01a202df-ad5d-702c-9a95-a308a5ef10fe',
  revision: 1,
  status: 'queued',
  provider: 'runware',
  model: 'xai:grok-imagine@image',
  tenant: 'default',
  request: parseGrokImagineRequest(exampleRequests[0]?.request),
  images: [],
  costUsd: '0',
  reservedUsd: '0.02',
  createdAt: 0,
  amended: false,
  ...generation,
});

export const buildImage = (image: Partial<ImageView> = {}): ImageView => ({
  index: 0,
  status: 'open',
  submissionStatus: 'planned',
  submissions: 1,
  taskUUID: '5c0e9f8e-9f0b-4d29-8a43-0f2f1a7c1d5e',
  costUsd: '0',
  extras: [],
  ...image,
});

export const buildVerifiedImage = (image: Partial<VerifiedImage> = {}): VerifiedImage => ({
  key: 'images/0-1.jpg',
  format: 'JPG',
  contentType: 'image/jpeg',
  width: 1280,
  height: 896,
  sizeBytes: 5,
  sha256: '0'.repeat(64),
  ...image,
});
