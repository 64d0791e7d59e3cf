/** Closes what was opened, in the opposite order. */
export interface Closing {
  /** Registers how to close something that was just opened. */
  add(close: (hurry: AbortSignal) => Promise<void> | void): void;
  /**
   * Closes everything; a failure does not stop the rest. A second call does nothing.
   * @returns the failures.
   */
  closeAll(hurry: AbortSignal): Promise<unknown[]>;
}

export function createClosing(): Closing {
  const closers: ((hurry: AbortSignal) => Promise<void> | void)[] = [];
  return {
    add: (close) => void closers.push(close),
    async closeAll(hurry) {
      const failures: unknown[] = [];
      for (const close of closers.splice(0).toReversed()) {
        try {
          await close(hurry);
        } catch (error) {
          failures.push(error);
        }
      }
      return failures;
    },
  };
}

/** Closes everything without waiting for an orderly end. @throws AggregateError with the failures, once everything is closed. */
export async function closeAtOnce(closing: Closing): Promise<void> {
  const failures = await closing.closeAll(AbortSignal.abort());
  if (failures.length > 0) throw new AggregateError(failures, 'cannot close everything');
}
