/**
 * Waits for work no longer than a signal allows, even if the work ignores the signal.
 * @throws Error with `reason` if the signal is aborted first.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal, reason: string): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error(reason));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
