/**
 * Does the work for each item, at most `width` side by side. @returns the results in the order of the items. @throws the first error, after which
 * no further item begins.
 */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver && next < items.length) {
      const index = next++;
      const item = items[index];
      if (item === undefined) return;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
