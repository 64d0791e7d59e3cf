import type { ChangeListener, Subscriptions } from '../subscriptions.ts';

/** Subscriptions without Redis: a listener hears of every change at once. */
export interface MemorySubscriptions extends Subscriptions {
  /** Tells the listeners of a generation that it changed. */
  announce(generationId: string): void;
}

export function createMemorySubscriptions(): MemorySubscriptions {
  const listeners = new Map<string, Set<ChangeListener>>();
  const announce = (generationId: string): void => [...(listeners.get(generationId) ?? [])].forEach((listener) => listener());
  return {
    listen(generationId, listener) {
      const own: ChangeListener = () => listener(); // two waits may pass the same function
      const all = listeners.get(generationId) ?? new Set();
      listeners.set(generationId, all.add(own));
      return {
        isHeard: () => true,
        end() {
          all.delete(own);
          if (all.size === 0) listeners.delete(generationId);
        },
      };
    },
    announce,
    close: () => [...listeners.keys()].forEach(announce),
  };
}
