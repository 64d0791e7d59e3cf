import type { Logger } from './logging/logger.ts';

/** What runs until it is stopped. */
export interface Service {
  /**
   * Starts what creating the service did not start; a service that was stopped before does nothing. Waits for what is away
   * instead of failing; `stop` ends that wait.
   */
  start?(): Promise<void>;
  /** Writes the lines of the whole process, once the service is there. */
  readonly logger?: Logger;
  /**
   * Takes no more work, waits for what is under way and closes everything. May be called before `start`, twice and while busy.
   * @param hurry Aborted when what is under way should be given back rather than waited for.
   */
  stop(hurry?: AbortSignal): Promise<void>;
}

/**
 * Several services as one: started in order, stopped in the opposite order, each even if another could not be stopped.
 * What was started is stopped again when a later one does not start.
 */
export function joinServices(services: readonly Service[]): Service {
  const stop = async (hurry?: AbortSignal): Promise<void> => {
    const errors: unknown[] = [];
    for (const service of services.toReversed()) {
      await service.stop(hurry).catch((error: unknown) => errors.push(error));
    }
    if (errors.length === 1) throw errors[0] as Error; // what a service threw
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of ${services.length} services could not be stopped`);
  };
  return {
    async start() {
      try {
        for (const service of services) await service.start?.();
      } catch (error) {
        await stop().catch(() => undefined); // the reason why it did not start is the one to tell
        throw error;
      }
    },
    stop,
  };
}
