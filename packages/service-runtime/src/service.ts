import type { Logger } from './logging/logger.ts';

/** A part of a process that runs until it is stopped. */
export interface Service {
  /**
   * Starts what creating the service did not start; does nothing if the service was stopped before. Waits for absent dependencies instead
   * of failing; `stop` ends that wait.
   */
  start?(): Promise<void>;
  /** Writes the lines of the whole process, once the service exists. */
  readonly logger?: Logger;
  /**
   * Accepts no more work, waits for work under way and closes everything. May be called before `start`, twice and while busy.
   * @param hurry Aborted to give work back instead of waiting for it.
   */
  stop(hurry?: AbortSignal): Promise<void>;
}
