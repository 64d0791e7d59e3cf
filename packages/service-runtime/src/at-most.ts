import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for work, and no longer than a limit: for what asks a service for its last answer, which may be away. The work itself goes on,
 * and the limit keeps no process alive. @param limitMs In milliseconds. @throws what the work throws within the limit.
 */
export async function atMost(limitMs: number, work: unknown): Promise<void> {
  await Promise.race([work, delay(limitMs, undefined, { ref: false })]);
}
