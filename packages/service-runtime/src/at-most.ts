import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for work, but no longer than a limit: for a stopping process that asks another service for its last answer. The work itself goes
 * on, and the limit keeps no process alive. @param limitMs In milliseconds. @throws the error of the work within the limit.
 */
export async function atMost(limitMs: number, work: unknown): Promise<void> {
  await Promise.race([work, delay(limitMs, undefined, { ref: false })]);
}
