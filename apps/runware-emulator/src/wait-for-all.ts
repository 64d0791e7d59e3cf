/**
 * Waits until every one of them is over, then throws the first error. Unlike `Promise.all` it leaves nothing running behind
 * an error: whoever stops may close the files afterwards.
 */
export async function waitForAll(work: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
