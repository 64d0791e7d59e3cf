import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { jobPayloadSchema } from '@darkroom/queues';
import { redactText } from '@darkroom/service-runtime';

/** Replaces every part of a job that may hold a prompt or a secret (I8). The pages name its submission and nothing else. */
export const NOT_SHOWN = '(not shown)';

/** Returns the payload of a job as the pages show it. An empty payload, as scheduled jobs have, stays empty. */
export function showPayload(data: unknown): (SubmissionRef & { taskUUID: string }) | Record<string, never> | null | typeof NOT_SHOWN {
  if (data === undefined || data === null) return null;
  const parsed = jobPayloadSchema.safeParse(data);
  if (parsed.success) {
    const { generationId, index, n } = parsed.data;
    return { generationId, index, n, taskUUID: taskUuidOf({ generationId, index, n }) };
  }
  return typeof data === 'object' && Object.keys(data).length === 0 ? {} : NOT_SHOWN;
}

/** Form of the names that Darkroom gives, such as that of a schedule. */
const plainName = /^[a-z]+(-[a-z]+){0,3}$/;

/** Returns the name of a job as the pages show it: "submit image 0, submission 1 of …3f9a2b1c". @param name The name in the queue. */
export function showName(name: string, data: unknown): string {
  const verb = plainName.test(name) ? name : NOT_SHOWN;
  const shown = showPayload(data);
  if (shown === NOT_SHOWN) return NOT_SHOWN;
  if (shown === null || !('taskUUID' in shown)) return verb;
  // The end of a UUIDv7 is random; its start is the time.
  return `${verb} image ${shown.index}, submission ${shown.n} of …${shown.generationId.slice(-8)}`;
}

/** Longest text of a failure, in characters; applies to each line of a stack. */
const MAX_TEXT = 2000;

/** Returns the reason of a failure as the pages show it. @param shown The payload as the pages show it. */
export function showFailure(text: string, shown: unknown): string {
  if (text === '') return '';
  return shown === NOT_SHOWN ? NOT_SHOWN : redactText(text).slice(0, MAX_TEXT);
}
