import { createHash } from 'node:crypto';
import type { Bill } from '../bill.ts';
import type { UploadKind } from '../faults/schema.ts';
import { purposeOf, type Task } from '../state/task.ts';
import { sendWithRetries } from './retry.ts';
import { isSuccess, send, type HttpStatus } from './send.ts';
import { drawUploadKind, loadUpload } from './upload-bytes.ts';
import type { WebhookParts } from './webhook.ts';

export interface UploadParts extends WebhookParts {
  bill: Bill;
}

/**
 * Uploads one image: "the raw binary data of the media file is sent directly as the request body" by PUT (model page,
 * "uploadEndpoint"). All images of a task go to the one address, as others saw it.
 */
export async function sendUpload(task: Task, index: number, parts: UploadParts): Promise<void> {
  const { dice, clock, stats, signal } = parts;
  const { faults } = task;
  const draws = (rate: number, what: string): boolean => dice.chance(rate, ...purposeOf(what, task, index));
  if (draws(faults.uploadNeverRate, 'upload-never')) {
    stats.uploadsDropped += 1;
    return;
  }
  const put = await preparePut(task, index, drawUploadKind(dice, task, index), parts);
  const purpose = purposeOf('upload-retry', task, index);
  const status = await sendWithRetries(put, { attempts: faults.uploadAttempts, faults, dice, purpose, clock, signal });
  // Runware has no word for an upload that failed: the task remains a success.
  if (isSuccess(status)) stats.uploadsStored += 1;
  else stats.uploadsGivenUp += 1;
  if (draws(faults.uploadTwiceRate, 'upload-twice')) await put();
}

/** Uses the address of an upload once more, as whoever has it can until it ends. */
export async function replayUpload(task: Task, index: number, parts: UploadParts): Promise<void> {
  const put = await preparePut(task, index, task.faults.uploadReplayBytes, parts);
  await put();
}

/** Loads what is to be uploaded and puts it down in the bill: the storage holds nothing of this task that the bill does not name. */
async function preparePut(task: Task, index: number, kind: UploadKind, parts: UploadParts): Promise<() => Promise<HttpStatus>> {
  const { bill, gallery, dice, clock, stats, signal } = parts;
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

/** A presigned address that any S3 refuses: its signature (AWS Signature Version 4) is a wrong one. */
function spoilSignature(address: string): string {
  const url = new URL(address);
  url.searchParams.set('X-Amz-Signature', '0'.repeat(64));
  return url.href;
}
