import type { ErrorCode } from './error-codes.ts';
import type { ModelRequest } from './models/model-requests.ts';
import type { Priority } from './labels.ts';
import type { FactSource, VerifiedImage } from './records.ts';
import type { GenerationStatus, ImageStatus, SubmissionStatus } from './statuses.ts';

/** One image of a generation, as a caller sees it. */
export interface ImageView {
  /** Its place among the images of the generation, from 0. */
  index: number;
  /** "open" until the image is there or known not to come; it follows from the submissions. */
  status: ImageStatus;
  /** The status of its newest submission, for progress. */
  submissionStatus: SubmissionStatus;
  /** Number of submissions made. */
  submissions: number;
  /** Runware task of the submission shown: the one that made the image, else the newest. */
  taskUUID: string;
  /** The verified image; present if and only if `status` is "succeeded" and the image is not withheld. */
  image?: VerifiedImage;
  /** Runware's own id of the image, if reported. */
  imageUUID?: string;
  /** Seed of the image, if reported. */
  seed?: number;
  /**
   * True if the image is withheld: it is paid and kept, the content check did not clear it, and no operator has released it. `image`,
   * `imageUUID` and `extras` are then left out.
   */
  withheld?: true;
  /** True if Runware's content check flags the image; absent if the request asked for no check. */
  nsfwContent?: boolean;
  /** Source of seed, cost and the other facts: a delivery or Runware's answer. Absent if neither reported them. */
  factsFrom?: FactSource;
  /** Cost of all its submissions in US dollars, as a decimal string. */
  costUsd: string;
  /** The reason why there is no image, once that is known; docs/errors.md explains each code. */
  fault?: { code: ErrorCode; message: string };
  /** End of the submission shown, in milliseconds since 1970. */
  settledAt?: number;
  /** The way by which the image arrived: uploaded by the provider, or fetched from its address. */
  road?: 'upload' | 'image-url';
  /** Further paid images of this index, which arrived after a resubmission. */
  extras: VerifiedImage[];
}

/** Place of a generation among all that wait to be bought. */
export interface QueuePlace {
  /** Place of its first waiting image, from 1. It may grow: a more urgent image of the tenant, or a tenant that comes anew, goes first. */
  position: number;
  /**
   * Time at which a worker buys that image if the pace of the last one to two minutes goes on, in milliseconds since 1970. Absent while no
   * worker buys.
   */
  estimatedStartAt?: number;
}

/** A generation, as a caller sees it. */
export interface GenerationView {
  /** Its id, a UUIDv7. */
  generationId: string;
  /**
   * Names this state of the generation: 1 when it is enqueued, and higher with each change of any other field but `queue`. It may skip numbers,
   * and does so after Redis was compared with S3 or rebuilt. Of two states that were read the one with the higher revision is the later one.
   */
  revision: number;
  /** "succeeded" with all images, "partial" with some; `isFinalGeneration` tells if it can still change. */
  status: GenerationStatus;
  /** Name of the provider that makes the images, such as "runware". */
  provider: string;
  /** Name of the model that makes the images, such as "xai:grok-imagine@image". */
  model: string;
  /** Tenant whose caps the spend counts against. */
  tenant: string;
  /** The request with all defaults filled in. Once it is erased by its age the prompt is empty and reference images, tags and metadata are gone. */
  request: ModelRequest;
  /** Time at which the request was erased by its age, in milliseconds since 1970; the images are kept. */
  requestErasedAt?: number;
  /** One for each of the request's `numberResults`, in order. */
  images: ImageView[];
  /** Cost of all images so far in US dollars, as a decimal string. */
  costUsd: string;
  /** Money held for images that are not settled, in US dollars, as a decimal string. */
  reservedUsd: string;
  /** Time of the enqueue, in milliseconds since 1970. */
  createdAt: number;
  /** Time of the final status, in milliseconds since 1970. */
  finishedAt?: number;
  /** Milliseconds since 1970; nothing is bought afterwards. */
  deadlineAt?: number;
  /** Milliseconds since 1970; nothing is bought and no money is held before. */
  runAt?: number;
  /** The request's own `taskUUID`. */
  clientReference?: string;
  /** Id of the generation whose images this one buys again; never itself a retry. */
  retryOf?: string;
  /** Indexes of these images in `retryOf`, in the order of this generation's own images. */
  replaces?: number[];
  /** Its place among those that wait, while an image of it does; absent while it waits for `runAt` or for money. */
  queue?: QueuePlace;
  /** Images that the content check does not clear are withheld until an operator releases them. */
  withholdFlagged?: true;
  /** Its urgency among the generations of its tenant; absent for a normal one. */
  priority?: Priority;
  /** The trace context of its enqueue. Not in S3: a generation that came back from there has none. */
  traceparent?: string;
  /** The tags of its enqueue. */
  tags?: readonly string[];
  /** The metadata of its enqueue. */
  metadata?: Readonly<Record<string, string>>;
  /** True if an image arrived after the final status. */
  amended: boolean;
}

/** A generation in a list. */
export interface GenerationSummary extends Omit<
  GenerationView,
  'request' | 'requestErasedAt' | 'images' | 'reservedUsd' | 'replaces' | 'queue' | 'withholdFlagged' | 'traceparent'
> {
  /** Status of each image, in the order of their index. */
  images: ImageStatus[];
  /** Codes of the images that did not succeed, each once (docs/errors.md). */
  codes: string[];
}
