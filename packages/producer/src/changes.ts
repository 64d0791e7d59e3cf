import { eventChannel } from '@darkroom/generation-store';
import type { Redis } from 'ioredis';

/** Hears when a generation changes. What is heard is only a reason to look: an announcement may be lost. */
export interface Changes {
  /** Calls `listener` at each change until the returned function is called. */
  listen(generationId: string, listener: () => void): Promise<() => Promise<void>>;
  close(): void;
}

/** @param connect Makes the subscribing connection, at the first listener. */
export function createChanges(prefix: string, connect: () => Redis): Changes {
  const listeners = new Map<string, Set<() => void>>();
  let subscriber: Redis | undefined;

  const open = (): Redis => {
    const connection = connect();
    connection.on('message', (channel: string) => listeners.get(channel)?.forEach((listener) => listener()));
    return connection;
  };

  return {
    async listen(generationId, listener) {
      subscriber ??= open();
      const connection = subscriber;
      const channel = eventChannel(prefix, generationId);
      const others = listeners.get(channel);
      if (others === undefined) {
        listeners.set(channel, new Set([listener]));
        // Redis being away is no reason to fail here: whoever listens also looks from time to time.
        await connection.subscribe(channel).catch(() => undefined);
      } else {
        others.add(listener);
      }
      return async () => {
        const left = listeners.get(channel);
        left?.delete(listener);
        if (left?.size !== 0) return;
        listeners.delete(channel);
        await connection.unsubscribe(channel).catch(() => undefined);
      };
    },
    close: () => subscriber?.disconnect(),
  };
}
