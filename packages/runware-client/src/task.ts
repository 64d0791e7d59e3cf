import { taskType as purchaseTaskType, type PurchaseOrder } from '@darkroom/contracts';

/**
 * The task that buys one image, as Runware takes it (model page, "Request Parameters"). What decides where the result goes
 * and what it costs is ours and never the caller's: one result, because several overwrite each other at one upload URL; as
 * an address, for the day the upload fails; asynchronous; with its cost.
 */
export function buildPurchaseTask({ taskUUID, request, ttlSeconds, uploadEndpoint, webhookURL }: PurchaseOrder): Record<string, unknown> {
  const { model, positivePrompt, width, height, resolution, inputs, outputFormat, outputQuality, safety } = request;
  return withoutUndefined({
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

/** Asks how a task stands (Runware docs, platform/task-polling). */
export const buildPollTask = (taskUUID: string): Record<string, unknown> => ({ taskType: 'getResponse', taskUUID });

/** Asks what is kept of an earlier task: its request and the last response to it (Runware docs, platform/task-details). */
export const buildDetailsTask = (taskUUID: string): Record<string, unknown> => ({ taskType: 'getTaskDetails', taskUUID });

const withoutUndefined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
