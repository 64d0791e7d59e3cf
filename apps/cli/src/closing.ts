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
