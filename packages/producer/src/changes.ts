import { eventChannel, watchConnection, type ConnectionWatch } from '@darkroom/generation-store';
import type { Redis } from 'ioredis';

/** Hears when a generation changes. What is heard is only a reason to look: an announcement may be lost. */
export interface Changes {
  /** Calls `listener` at each change, and once when it begins to hear them, until the returned function is called. */
  listen(generationId: string, listener: () => void): () => void;
  /** Calls every listener a last time and lets go of Redis. */
  close(): void;
}

/** @param connect Makes the subscribing connection, at the first listener. */
export function createChanges(prefix: string, connect: () => Redis): Changes {
  const listeners = new Map<string, Set<() => void>>();
  let subscriber: Redis | undefined;
  let watch: ConnectionWatch | undefined;
  let isClosed = false;

  const announce = (channel: string): void => listeners.get(channel)?.forEach((listener) => listener());
  const open = (): Redis => {
    const connection = connect();
    connection.on('message', announce);
    // A subscription has no command under way: without being asked it would never notice that it is not answered any more.
    watch = watchConnection(connection, { prefix, look: 'ping' });
    return connection;
  };

  return {
    listen(generationId, listener) {
      if (isClosed) return () => undefined;
      subscriber ??= open();
      const connection = subscriber;
      const channel = eventChannel(prefix, generationId);
      const others = listeners.get(channel);
      if (others === undefined) {
        listeners.set(channel, new Set([listener]));
        // Not waited for: with Redis away it would take until Redis is back, and whoever listens also looks from time to time.
        connection.subscribe(channel).then(
          () => announce(channel),
          () => undefined,
        );
      } else {
        others.add(listener);
      }
      return () => {
        const left = listeners.get(channel);
        left?.delete(listener);
        if (left?.size !== 0) return;
        listeners.delete(channel);
        connection.unsubscribe(channel).catch(() => undefined);
      };
    },
    close() {
      isClosed = true;
      for (const channel of listeners.keys()) announce(channel);
      watch?.close();
      subscriber?.disconnect();
    },
  };
}
