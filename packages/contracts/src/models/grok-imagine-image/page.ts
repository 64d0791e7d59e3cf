import { parseUsd } from '../../money.ts';
import type { Parameter, ResponseField } from '../parameter.ts';
import { outputFormats } from '../output-format.ts';

/**
 * The page of Grok Imagine Image in Runware's documentation (docs/models/xai-grok-imagine-image) as data: each parameter, range,
 * default, price and response field once. `sizes.ts` holds its 13 sizes, `rules.ts` its rules about several parameters.
 */

export const modelId = 'xai:grok-imagine@image';
export const provider = 'runware';
export const taskType = 'imageInference';
export const outputTypes = ['URL', 'base64Data', 'dataURI'] as const;
export const deliveryMethods = ['sync', 'async'] as const;
export const resolutions = ['1K'] as const;
export const safetyModes = ['none', 'fast'] as const;

/** "Request Parameters", in the order of the page. */
export const parameters = {
  taskType: { type: 'fixed', value: taskType, required: true },
  taskUUID: { type: 'uuid-v4', required: true },
  outputType: { type: 'choice', values: outputTypes, default: 'URL' },
  outputFormat: { type: 'choice', values: outputFormats, default: 'JPG' },
  outputQuality: { type: 'integer', min: 20, max: 99, default: 95 },
  webhookURL: { type: 'url' },
  deliveryMethod: { type: 'choice', values: deliveryMethods, default: 'sync' },
  uploadEndpoint: { type: 'url' },
  'safety.checkContent': { type: 'boolean', default: false },
  'safety.mode': { type: 'choice', values: safetyModes, default: 'none' },
  /** Seconds. */
  ttl: { type: 'integer', min: 60 },
  includeCost: { type: 'boolean', default: false },
  numberResults: { type: 'integer', min: 1, max: 20, default: 1 },
  'inputs.referenceImages': { type: 'image-list' },
  model: { type: 'fixed', value: modelId, required: true },
  positivePrompt: { type: 'text', minLength: 1, required: true },
  width: { type: 'integer' },
  height: { type: 'integer' },
  resolution: { type: 'choice', values: resolutions, default: '1K' },
} as const satisfies Record<string, Parameter>;

export type ParameterPath = keyof typeof parameters;

/** "Response Parameters", in the order of the page. */
export const responseFields = {
  taskType: { type: 'fixed', required: true },
  taskUUID: { type: 'uuid-v4', required: true },
  imageUUID: { type: 'uuid-v4', required: true },
  imageURL: { type: 'url', required: false },
  imageBase64Data: { type: 'text', required: false },
  imageDataURI: { type: 'url', required: false },
  seed: { type: 'integer', required: false },
  NSFWContent: { type: 'boolean', required: false },
  /** US dollars; present when `includeCost` is true. */
  cost: { type: 'float', required: false },
} as const satisfies Record<string, ResponseField>;

/**
 * "Pricing". The page does not say if editing is charged once or for each input image. Each input image is the higher price, and
 * the hold must cover the worst case.
 */
export const prices = {
  imageNanoUsd: parseUsd('0.02'),
  referenceImageNanoUsd: parseUsd('0.002'),
} as const;
