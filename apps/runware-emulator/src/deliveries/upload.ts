import { purposeOf, type Task } from '../state/task.ts';
import { sendWithRetries } from './retry.ts';
import { isSuccess, send, type HttpStatus } from './send.ts';
import type { WebhookParts } from './webhook.ts';

/**
 * Uploads one image: "the raw binary data of the media file is sent directly as the request body" by PUT (model page,
 * "uploadEndpoint"). All images of a task go to the one address, as others saw it.
 */
export async function sendUpload(task: Task, index: number, { gallery, dice, clock, stats, signal }: WebhookParts): Promise<void> {
  const { faults, request, ending } = task;
  const { uploadEndpoint } = request;
  const image = ending?.outcome.status === 'success' ? ending.outcome.images[index] : undefined;
  if (uploadEndpoint === undefined || image === undefined) return;
  const draws = (rate: number, what: string): boolean => dice.chance(rate, ...purposeOf(what, task, index));
  if (draws(faults.uploadNeverRate, 'upload-never')) {
    stats.uploadsDropped += 1;
    return;
  }
  const whole = await gallery.load(task, image.seed);
  const truncated = draws(faults.uploadTruncatedRate, 'upload-truncated') ? whole.subarray(0, whole.length >> 1) : whole;
  const body = draws(faults.uploadEmptyRate, 'upload-empty') ? Buffer.alloc(0) : truncated;
  const put = async (): Promise<HttpStatus> => {
    stats.uploadsSent += 1;
    return send({
      method: 'PUT',
      url: draws(faults.uploadForbiddenRate, 'upload-forbidden') ? spoilSignature(uploadEndpoint) : uploadEndpoint,
      body,
      contentType: faults.uploadContentType === '' ? undefined : faults.uploadContentType,
      chunked: faults.uploadChunked,
      timeoutMs: faults.webhookTimeoutMs,
      signal,
    });
  };
  const purpose = purposeOf('upload-retry', task, index);
  const status = await sendWithRetries(put, { attempts: faults.uploadAttempts, faults, dice, purpose, clock, signal });
  // Runware has no word for an upload that failed: the task remains a success.
  if (isSuccess(status)) stats.uploadsStored += 1;
  else stats.uploadsGivenUp += 1;
  if (draws(faults.uploadTwiceRate, 'upload-twice')) await put();
}

/** A presigned address that any S3 refuses: its signature (AWS Signature Version 4) is a wrong one. */
function spoilSignature(address: string): string {
  const url = new URL(address);
  url.searchParams.set('X-Amz-Signature', '0'.repeat(64));
  return url.href;
}
