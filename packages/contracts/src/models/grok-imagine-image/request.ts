import type { OutputFormat } from '../output-format.ts';
import type { modelId, outputTypes, deliveryMethods, resolutions, safetyModes, taskType } from './page.ts';
import type { Size } from './sizes.ts';

export type OutputType = (typeof outputTypes)[number];
export type DeliveryMethod = (typeof deliveryMethods)[number];
export type Resolution = (typeof resolutions)[number];
export type SafetyMode = (typeof safetyModes)[number];

/**
 * Size of the images: `width` and `height` in pixels together, or `resolution`, or neither: never both (model page, "Compatibility &
 * Validation").
 */
export type Geometry = (Size & { resolution?: never }) | { resolution?: Resolution; width?: never; height?: never };

/** A request as a caller writes it: the parameters of the model's page, with the page's defaults. */
export type GrokImagineRequestInput = Geometry & {
  /** The prompt; at least one character. */
  positivePrompt: string;
  /** Images to start from. */
  inputs?: {
    /**
     * Images to start from, each an image UUID, an http(s) URL, a data URI (image/*, base64) or base64; or a result of
     * `putReferenceImage` of "@darkroom/producer/images".
     */
    referenceImages?: readonly string[];
  };
  /** Number of images, 1 to 20, each with its own seed. Default 1. */
  numberResults?: number;
  /** Form of the result: an address, or the bytes as base64 or as a data URI. Default "URL". */
  outputType?: OutputType;
  /** Default "JPG". */
  outputFormat?: OutputFormat;
  /** Compression quality, 20 to 99. Default 95. */
  outputQuality?: number;
  /** Used by `generate` alone: "sync" waits for the result, "async" returns once the generation is queued. Default "sync". */
  deliveryMethod?: DeliveryMethod;
  /** Lifetime of the image's address in seconds, from 60; only with `outputType` "URL". S3 ends it after seven days. */
  ttl?: number;
  /** Content check: `checkContent: true` and `mode: 'fast'` mean the same. Default no check. */
  safety?: { checkContent?: boolean; mode?: SafetyMode };
  /** Includes the cost in the result. Default false. */
  includeCost?: boolean;
  /** The caller's own id of the task, a UUID v4; kept as `clientReference`, never sent. */
  taskUUID?: string;
  /** The field to which parsing moves `taskUUID`. */
  clientReference?: string;
  /** May be left out; there is one. */
  taskType?: typeof taskType;
  /** May be left out; there is one. */
  model?: typeof modelId;
};

/**
 * A request that obeys every rule of the page, with all defaults filled in. Plain JSON that parses to itself, because it is read
 * again from Redis and S3. Its keys always have the same order, so equal requests are equal as text.
 */
export type GrokImagineRequest = Geometry & {
  taskType: typeof taskType;
  model: typeof modelId;
  positivePrompt: string;
  /** Present if and only if there is at least one reference image. */
  inputs?: { referenceImages: string[] };
  numberResults: number;
  outputType: OutputType;
  outputFormat: OutputFormat;
  outputQuality: number;
  deliveryMethod: DeliveryMethod;
  /** In seconds, as requested. */
  ttl?: number;
  /** Both fields always agree. */
  safety: { checkContent: boolean; mode: SafetyMode };
  includeCost: boolean;
  clientReference?: string;
};
