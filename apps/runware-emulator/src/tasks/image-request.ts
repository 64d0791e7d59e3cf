import { outputFormats, parameters } from '@darkroom/contracts';
import { z } from 'zod';
import type { RawTask } from '../validation/check-image-inference.ts';

const imageRequestSchema = z.object({
  taskUUID: z.string(),
  positivePrompt: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  inputs: z.object({ referenceImages: z.array(z.string()).default([]) }).default({ referenceImages: [] }),
  outputType: z.enum(parameters.outputType.values).default(parameters.outputType.default),
  outputFormat: z.enum(outputFormats).default(parameters.outputFormat.default),
  outputQuality: z.int().default(parameters.outputQuality.default),
  deliveryMethod: z.enum(parameters.deliveryMethod.values).default(parameters.deliveryMethod.default),
  numberResults: z.int().default(parameters.numberResults.default),
  includeCost: z.boolean().default(parameters.includeCost.default),
  safety: z.object({ checkContent: z.boolean().optional(), mode: z.enum(parameters['safety.mode'].values).optional() }).default({}),
  checkNSFW: z.boolean().default(false),
  ttl: z.int().optional(),
  webhookURL: z.string().optional(),
  uploadEndpoint: z.string().optional(),
});

/** An `imageInference` task with the defaults of the page. */
export type ImageRequest = z.infer<typeof imageRequestSchema>;

/** Reads a task that passed `checkImageInference`. Omits ignored parameters. */
export const readImageRequest = (task: RawTask): ImageRequest => imageRequestSchema.parse(task);

/** Returns the size of the image: 1024x1024 unless requested. The emulator does not take the aspect of reference images. */
export const sizeOf = ({ width = 1024, height = 1024 }: ImageRequest): { width: number; height: number } => ({ width, height });

/** Returns true if the request asks for a content check: "when enabled, defaults to `fast` mode" (model page, "checkContent"). */
export const isChecked = ({ safety, checkNSFW }: ImageRequest): boolean =>
  safety.mode === 'fast' || ((safety.checkContent ?? checkNSFW) && safety.mode !== 'none');
