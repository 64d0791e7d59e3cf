import type { Readable } from 'node:stream';
import type { GenerationView, KeptInput, VerifiedImage } from '@darkroom/contracts';

/** Reads images from the bucket, and puts reference images into it. */
export interface Images {
  /**
   * Returns one image, for which the caller chooses the form when it reads it. Sends nothing by itself.
   * @param index Place of the image in the generation, from 0.
   * @throws GenerationError "image.not-there" if the generation has no verified image at this index.
   */
  image(generation: GenerationView, index: number): GenerationImage;
  /**
   * Reads one image, in the form of the request's `outputType`: a presigned URL, valid for its `ttl` (an hour by default; S3 ends it after
   * seven days); or its bytes, verified again by their SHA-256, in base64 or as a data URI.
   * @throws GenerationError "image.not-there" if the generation has no verified image at this index, "generation.erased" if the image
   * was erased since `generation` was read; StorageError "storage.damaged-image" if its bytes differ from the verified ones,
   * "storage.unavailable" if S3 does not answer.
   */
  read(generation: GenerationView, index: number, options?: ReadImageOptions): Promise<ImageResult>;
  /**
   * Returns the images of a generation as Runware would have answered, in the order of their index. An image that failed has no item;
   * its `generation.images[].fault` has the reason.
   * @throws the errors of `read` for each verified image.
   */
  toRunwareResponse(generation: GenerationView): Promise<RunwareResponseItem[]>;
  /**
   * Puts a reference image of a tenant into the bucket, once for the same bytes: for images too large to travel in a request. For a request of
   * another tenant it does not exist.
   * @param image A JPG, PNG or WEBP: its bytes, a data URI in base64, or base64.
   * @returns a reference for `inputs.referenceImages`; the provider gets a presigned URL in its place when the image is bought.
   * @throws InvalidRequestError if it is no image or too large, or for a wrong option; StorageError.
   */
  putReferenceImage(image: Uint8Array | string, options?: PutReferenceImageOptions): Promise<string>;
  /** Closes idle connections. May be called twice. */
  close(): void;
}

/**
 * One verified image of a generation. `bytes`, `stream` and `save` read it whole and verify its SHA-256 first: none of them ever gives a
 * byte that differs from the verified ones.
 */
export interface GenerationImage {
  /** Its place in the generation, from 0. */
  readonly index: number;
  /** Its verified properties: key, type, size in pixels and bytes, SHA-256. */
  readonly image: VerifiedImage;
  /**
   * Returns the address of the image: with `cdnUrl` (option of `createImages`) its unsigned URL at the CDN, otherwise a presigned URL of the
   * bucket. Does not ask whether the object exists.
   * @throws InvalidRequestError for a wrong option, and with `cdnUrl` for every option; StorageError if there are no credentials.
   */
  url(options?: UrlOptions): Promise<string>;
  /**
   * Reads its bytes.
   * @throws GenerationError "generation.erased" if it was erased since the generation was read; StorageError "storage.damaged-image" or
   * "storage.unavailable".
   */
  bytes(): Promise<Uint8Array>;
  /** Returns its bytes as a stream, for a response or a pipeline. @throws the errors of `bytes`, before the first byte. */
  stream(): Promise<Readable>;
  /**
   * Writes it to a file, and replaces one that exists; its folder must exist. The file appears whole or not at all.
   * @throws the errors of `bytes`, and those of the file system.
   */
  save(path: string): Promise<void>;
}

/** Options of a presigned URL. */
export interface UrlOptions {
  /** Lifetime in seconds, from 1 to 604,800 (seven days). Defaults to the request's `ttl`, or else an hour. */
  ttlSeconds?: number;
  /** Makes a browser save the image under this name; any character but letters, digits, "-", "_" and "." becomes "_". */
  downloadName?: string;
}

/**
 * One item of a response, as Runware would have written it (model page, "Response Parameters"): one of `imageURL`, `imageBase64Data`
 * and `imageDataURI`, by the request's `outputType`.
 */
export interface RunwareResponseItem {
  taskType: 'imageInference';
  /** The `taskUUID` of the request; without one, the id of the first purchase. The same for all items. */
  taskUUID: string;
  /** Runware's own id of the image, or the id of the purchase if Runware never reported one. */
  imageUUID: string;
  /** A presigned URL. */
  imageURL?: string;
  imageBase64Data?: string;
  imageDataURI?: string;
  /** If Runware reported it. */
  seed?: number;
  /** If the request asked for the content check. */
  NSFWContent?: boolean;
  /** In US dollars, if the request asked for it. */
  cost?: number;
}

/** A verified image, in the form of the request's `outputType`. */
export interface ImageResult extends RunwareResponseItem {
  /** Its place in the generation, from 0. */
  index: number;
  /** Its verified properties: type, size in pixels and bytes, SHA-256. */
  image: VerifiedImage;
  /** End of `imageURL`, in milliseconds since 1970. */
  expiresAt?: number;
}

/** Options of `read`. */
export type ReadImageOptions = Pick<UrlOptions, 'downloadName'>;

/** Options of `putReferenceImage`. */
export interface PutReferenceImageOptions {
  /** Tenant of the image. Defaults to that of `createImages`, or to "default"; a reader with a tenant takes no other. */
  tenant?: string;
}

/** Where images are: the bucket, or the memory of a test. */
export interface ImageStorage {
  /** Presigns a URL for reading an object, from 1 to 604,800 seconds. */
  presignRead(key: string, expiresInSeconds: number, options: { contentType: string; downloadName?: string }): Promise<string>;
  /** Reads the bytes of an image and verifies their SHA-256; undefined if it is gone. */
  readVerified(image: VerifiedImage): Promise<Uint8Array | undefined>;
  /** Keeps a reference image of a tenant, of at most `maxSizeBytes`. */
  keepInput(
    tenant: string,
    bytes: Uint8Array,
    maxSizeBytes: number,
  ): Promise<{ kind: 'kept'; input: KeptInput } | { kind: 'invalid'; detail: string }>;
  close(): void;
}
