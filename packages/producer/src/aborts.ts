/** Listens to the abort signals of callers. One signal may end many waits, and Node warns of a leak at its eleventh listener. */
export interface Aborts {
  /** Calls `onAbort` when the signal aborts, until the returned function is called. */
  listen(signal: AbortSignal, onAbort: () => void): () => void;
}

interface Group {
  readonly listeners: Set<() => void>;
  tellAll(): void;
}

export function createAborts(): Aborts {
  const groups = new WeakMap<AbortSignal, Group>();
  const open = (signal: AbortSignal): Group => {
    const listeners = new Set<() => void>();
    const group = { listeners, tellAll: () => listeners.forEach((listener) => listener()) };
    groups.set(signal, group);
    signal.addEventListener('abort', group.tellAll);
    return group;
  };
  return {
    listen(signal, onAbort) {
      const group = groups.get(signal) ?? open(signal);
      const listener = (): void => onAbort(); // two waits may pass the same function
      group.listeners.add(listener);
      return () => {
        group.listeners.delete(listener);
        if (group.listeners.size > 0 || groups.get(signal) !== group) return;
        groups.delete(signal);
        signal.removeEventListener('abort', group.tellAll);
      };
    },
  };
}
