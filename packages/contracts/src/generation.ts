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
  /** How many submissions were made. */
  submissions: number;
  /** The Runware task of the submission that is shown: the one that made the image, else the newest. */
  taskUUID: string;
  /** The verified image; present if and only if `status` is "succeeded". */
  image?: VerifiedImage;
  /** Runware's own name for the image, when it told it. */
  imageUUID?: string;
  seed?: number;
  nsfwContent?: boolean;
  /** Whether seed, cost and the like were told by a delivery, or by Runware when it was asked; absent when neither told them. */
  factsFrom?: FactSource;
  /** What the image cost, in US dollars, as a decimal string; of all its submissions. */
  costUsd: string;
  fault?: { code: ErrorCode; message: string };
  settledAt?: number;
  road?: 'upload' | 'image-url';
  /** Further paid images of this index, which came home after a resubmission. */
  extras: VerifiedImage[];
}

/** A generation, as a caller sees it. */
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
  /** Before this time nothing is bought, and no money is held; in milliseconds since 1970. */
  runAt?: number;
  clientReference?: string;
  retryOf?: string;
  /** True when an image came home after the final status. */
  amended: boolean;
}
