/**
 * Waits until all promises have settled, then throws the first error. Unlike `Promise.all` it leaves nothing running after an error, so
 * that the caller may close the files.
 */
export async function waitForAll(work: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
