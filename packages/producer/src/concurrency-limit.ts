/** Runs a limited number of calls at once; the others wait, in their order. */
export interface ConcurrencyLimit {
  run<T>(call: () => Promise<T>): Promise<T>;
}

export function createConcurrencyLimit(count: number): ConcurrencyLimit {
  const waiting = new Set<() => void>();
  let free = count;
  return {
    async run(call) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.add(resolve));
      try {
        return await call();
      } finally {
        const [next] = waiting;
        if (next === undefined) free += 1;
        else {
          waiting.delete(next); // and its place is handed on
          next();
        }
      }
    },
  };
}
