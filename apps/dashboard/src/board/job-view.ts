import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { jobPayloadSchema } from '@darkroom/queues';
import { redactText } from '@darkroom/service-runtime';

/**
 * What a person may see of a job (I8): which submission it is for. Whatever else somebody put into a queue could hold a
 * prompt or a secret, and is not shown.
 */
export const NOT_SHOWN = '(not shown)';

/** The payload of a job as it is shown. Nothing, the payload of scheduled jobs, is shown as nothing. */
export function showPayload(data: unknown): (SubmissionRef & { taskUUID: string }) | Record<string, never> | null | typeof NOT_SHOWN {
  if (data === undefined || data === null) return null;
  const parsed = jobPayloadSchema.safeParse(data);
  if (parsed.success) {
    const { generationId, index, n } = parsed.data;
    return { generationId, index, n, taskUUID: taskUuidOf({ generationId, index, n }) };
  }
  return typeof data === 'object' && Object.keys(data).length === 0 ? {} : NOT_SHOWN;
}

/** A name of our own making, such as that of a schedule. */
const plainName = /^[a-z]+(-[a-z]+){0,3}$/;

/** The name of a job as it is shown: "submit image 0, submission 1 of …3f9a2b1c". @param name As the queue has it. */
export function showName(name: string, data: unknown): string {
  const verb = plainName.test(name) ? name : NOT_SHOWN;
  const shown = showPayload(data);
  if (shown === NOT_SHOWN) return NOT_SHOWN;
  if (shown === null || !('taskUUID' in shown)) return verb;
  // Of a UUIDv7 the end tells one from the other; the start is the hour.
  return `${verb} image ${shown.index}, submission ${shown.n} of …${shown.generationId.slice(-8)}`;
}

/** Longer texts tell no more; stacks are cut line by line. */
const MAX_TEXT = 2000;

/** Why a job failed, as it is shown. @param shown The payload as it is shown. */
export function showFailure(text: string, shown: unknown): string {
  if (text === '') return '';
  return shown === NOT_SHOWN ? NOT_SHOWN : redactText(text).slice(0, MAX_TEXT);
}
