import type { ErrorCode } from './errors.ts';
import type { GrokImagineRequest } from './models/grok-imagine-image/request.ts';
import type { FactSource, VerifiedImage } from './records.ts';
import type { GenerationStatus, ImageStatus, SubmissionStatus } from './statuses.ts';

/** One image of a generation, as a caller sees it. */
export interface ImageView {
  index: number;
  status: ImageStatus;
  /** The status of its newest submission, for progress. */
  submissionStatus: SubmissionStatus;
  /** Number of submissions made. */
  submissions: number;
  /** Runware task of the submission shown: the one that made the image, else the newest. */
  taskUUID: string;
  /** The verified image; present if and only if `status` is "succeeded". */
  image?: VerifiedImage;
  /** Runware's own id of the image, if reported. */
  imageUUID?: string;
  seed?: number;
  nsfwContent?: boolean;
  /** Source of seed, cost and the other facts: a delivery or Runware's answer. Absent if neither reported them. */
  factsFrom?: FactSource;
  /** Cost of all its submissions in US dollars, as a decimal string. */
  costUsd: string;
  fault?: { code: ErrorCode; message: string };
  settledAt?: number;
  road?: 'upload' | 'image-url';
  /** Further paid images of this index, which arrived after a resubmission. */
  extras: VerifiedImage[];
}

/** A generation, as a caller sees it. */
/** A generation in a list. */
export interface GenerationSummary {
  generationId: string;
  status: GenerationStatus;
  tenant: string;
  /** Status of each image, in the order of their index. */
  images: ImageStatus[];
  /** Codes of the images that did not succeed, each once (docs/errors.md). */
  codes: string[];
  costUsd: string;
  /** Milliseconds since 1970, by Redis time, as all times here. */
  createdAt: number;
  finishedAt?: number;
  deadlineAt?: number;
  runAt?: number;
  clientReference?: string;
  retryOf?: string;
  /** True if an image arrived after the final status. */
  amended: boolean;
}

export interface GenerationView {
  generationId: string;
  status: GenerationStatus;
  tenant: string;
  request: GrokImagineRequest;
  images: ImageView[];
  costUsd: string;
  reservedUsd: string;
  createdAt: number;
  finishedAt?: number;
  deadlineAt?: number;
  /** Milliseconds since 1970; nothing is bought and no money is held before. */
  runAt?: number;
  clientReference?: string;
  retryOf?: string;
  /** True if an image arrived after the final status. */
  amended: boolean;
}
