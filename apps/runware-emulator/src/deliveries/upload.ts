import { createHash } from 'node:crypto';
import type { Bill } from '../bill.ts';
import type { UploadKind } from '../faults/schema.ts';
import { purposeOf, type Task } from '../state/task.ts';
import { sendWithRetries } from './retry.ts';
import { isSuccess, send, type HttpStatus } from './send.ts';
import { drawUploadKind, loadUpload } from './upload-bytes.ts';
import type { WebhookDependencies } from './webhook.ts';

export interface UploadDependencies extends WebhookDependencies {
  bill: Bill;
}

/**
 * Uploads one image: "the raw binary data of the media file is sent directly as the request body" by PUT (model page,
 * "uploadEndpoint"). All images of a task go to the same address, as other users of Runware observed.
 */
export async function sendUpload(task: Task, index: number, dependencies: UploadDependencies): Promise<void> {
  const { dice, clock, stats, signal } = dependencies;
  const { faults } = task;
  const draws = (rate: number, what: string): boolean => dice.chance(rate, ...purposeOf(what, task, index));
  if (draws(faults.uploadNeverRate, 'upload-never')) {
    stats.uploadsDropped += 1;
    return;
  }
  const put = await preparePut(task, index, drawUploadKind(dice, task, index), dependencies);
  const purpose = purposeOf('upload-retry', task, index);
  const status = await sendWithRetries(put, { attempts: faults.uploadAttempts, faults, dice, purpose, clock, signal });
  // Runware reports no failed upload: the task remains a success.
  if (isSuccess(status)) stats.uploadsStored += 1;
  else stats.uploadsGivenUp += 1;
  if (draws(faults.uploadTwiceRate, 'upload-twice')) await put();
}

/** Makes another PUT to the address of an upload, as any holder of a presigned URL can until it expires. */
export async function replayUpload(task: Task, index: number, dependencies: UploadDependencies): Promise<void> {
  const put = await preparePut(task, index, task.faults.uploadReplayBytes, dependencies);
  await put();
}

/** Loads the bytes to upload and records them in the bill first, so that the bill names everything of this task in the storage. */
async function preparePut(
  task: Task,
  index: number,
  kind: UploadKind,
  dependencies: UploadDependencies,
): Promise<() => Promise<HttpStatus>> {
  const { bill, gallery, dice, clock, stats, signal } = dependencies;
  const { taskUUID, run, faults, request, ending } = task;
  const image = ending?.outcome.status === 'success' ? ending.outcome.images[index] : undefined;
  if (request.uploadEndpoint === undefined || image === undefined) throw new Error(`task "${taskUUID}" has no image ${index} to upload`);
  const body = await loadUpload(kind, task, image.seed, gallery);
  const isForbidden = dice.chance(faults.uploadForbiddenRate, ...purposeOf('upload-forbidden', task, index));
  const url = isForbidden ? spoilSignature(request.uploadEndpoint) : request.uploadEndpoint;
  const chunked = dice.chance(faults.uploadChunkedRate, ...purposeOf('upload-chunked', task, index));
  const { imageUUID } = image;
  const sha256 = createHash('sha256').update(body).digest('hex');
  bill.record({ kind: 'upload', at: clock.now(), taskUUID, run, imageUUID, content: kind, sha256, sizeBytes: body.length });
  return async () => {
    stats.uploadsSent += 1;
    return send({
      method: 'PUT',
      url,
      body,
      contentType: faults.uploadContentType === '' ? undefined : faults.uploadContentType,
      chunked,
      timeoutMs: faults.webhookTimeoutMs,
      signal,
    });
  };
}

/** Returns the presigned address with a wrong signature (AWS Signature Version 4), which any S3 refuses. */
function spoilSignature(address: string): string {
  const url = new URL(address);
  url.searchParams.set('X-Amz-Signature', '0'.repeat(64));
  return url.href;
}
