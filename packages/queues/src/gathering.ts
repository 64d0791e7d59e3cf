interface Caller<Item> {
  items: readonly Item[];
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Joins what callers add in one turn of the event loop into one call. If it fails, it fails for all of them: some of it may be added, and
 * adding again is safe. It is not tried again here: BullMQ takes a job whose first add ended half way as one that exists.
 * @param addAll Adds items; those that exist stay as they are.
 */
export function createGathering<Item>(addAll: (items: Item[]) => Promise<unknown>): (items: readonly Item[]) => Promise<void> {
  let callers: Caller<Item>[] = [];
  const addGathered = async (): Promise<void> => {
    const given = callers;
    callers = [];
    try {
      await addAll(given.flatMap(({ items }) => items));
      for (const { resolve } of given) resolve();
    } catch (error) {
      for (const { reject } of given) reject(error);
    }
  };
  return async (items) =>
    new Promise((resolve, reject) => {
      if (callers.length === 0) process.nextTick(() => void addGathered());
      callers.push({ items, resolve, reject });
    });
}
