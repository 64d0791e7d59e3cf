import type { Logger } from './logging/logger.ts';

/** A part of a process that runs until it is stopped. */
export interface Service {
  /**
   * Starts what creating the service did not start; does nothing if the service was stopped before. Waits for absent dependencies instead
   * of
   * failing; `stop` ends that wait.
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

/**
 * Joins services into one: starts them in order, stops them in the opposite order, each even if another could not be stopped. If one does
 * not start, all are stopped again.
 */
export function joinServices(services: readonly Service[]): Service {
  const stop = async (hurry?: AbortSignal): Promise<void> => {
    const errors: unknown[] = [];
    for (const service of services.toReversed()) {
      await service.stop(hurry).catch((error: unknown) => errors.push(error));
    }
    if (errors.length === 1) throw errors[0] as Error; // the error of a service
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of ${services.length} services could not be stopped`);
  };
  return {
    async start() {
      try {
        for (const service of services) await service.start?.();
      } catch (error) {
        await stop().catch(() => undefined); // the error of the start is the one to report
        throw error;
      }
    },
    stop,
  };
}
