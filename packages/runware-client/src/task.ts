import { defined, taskType as purchaseTaskType, type GrokImagineRequest, type PurchaseOrder } from '@darkroom/contracts';

/** An order whose request was read by its model. */
export type ReadableOrder = Omit<PurchaseOrder, 'request'> & { request: GrokImagineRequest };

/**
 * Builds the task that buys one image in Runware's form (model page, "Request Parameters"). Darkroom, never the caller, sets the
 * parameters of destination and price: one result, because several overwrite each other at one upload URL; as an address, in case the
 * upload fails; asynchronous; with its cost.
 */
export function buildPurchaseTask({ taskUUID, request, ttlSeconds, uploadEndpoint, webhookURL }: ReadableOrder): Record<string, unknown> {
  const { model, positivePrompt, width, height, resolution, inputs, outputFormat, outputQuality, safety } = request;
  return defined({
    taskType: purchaseTaskType,
    taskUUID,
    model,
    positivePrompt,
    width,
    height,
    resolution,
    inputs,
    outputFormat,
    outputQuality,
    safety,
    numberResults: 1,
    outputType: 'URL',
    ttl: ttlSeconds,
    includeCost: true,
    deliveryMethod: 'async',
    uploadEndpoint,
    webhookURL,
  });
}

/** Builds the question for the state of a task (Runware docs, platform/task-polling). */
export const buildPollTask = (taskUUID: string): Record<string, unknown> => ({ taskType: 'getResponse', taskUUID });

/** Builds the question for an earlier task's kept request and last response (Runware docs, platform/task-details). */
export const buildDetailsTask = (taskUUID: string): Record<string, unknown> => ({ taskType: 'getTaskDetails', taskUUID });
