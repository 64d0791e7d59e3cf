/** What was opened, to be closed in the opposite order. */
export interface Closing {
  /** Takes down how something that was opened is closed. */
  add(close: (hurry: AbortSignal) => Promise<void> | void): void;
  /**
   * Closes everything, each even if another could not be closed; twice is once.
   * @returns what went wrong.
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
