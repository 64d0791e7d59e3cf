import { eventChannel, watchConnection, type ConnectionWatch } from '@darkroom/generation-store';
import type { Redis } from 'ioredis';

/** Listens for the changes of a generation. A change is only a reason to look: Redis may lose an announcement. */
export interface Subscriptions {
  /**
   * Calls `listener` with each announcement, and without one when the subscription begins or is restored, because announcements may
   * have been missed. Ends with the returned subscription.
   */
  listen(generationId: string, listener: ChangeListener): Subscription;
  /** Calls every listener a last time and disconnects from Redis. */
  close(): void;
}

export type ChangeListener = (announcement?: string) => void;

export interface Subscription {
  /** Returns true while announcements arrive. */
  isHeard(): boolean;
  end(): void;
}

/** Channels in one SUBSCRIBE, which Redis confirms with one command. */
const CHANNELS_AT_ONCE = 500;

/** @param connect Makes the subscribing connection, which does not resubscribe by itself, at the first listener. */
export function createSubscriptions(prefix: string, connect: () => Redis): Subscriptions {
  const channels = new Map<string, { listeners: Set<ChangeListener>; isHeard: boolean }>();
  let subscriber: Redis | undefined;
  let watch: ConnectionWatch | undefined;
  let isClosed = false;

  const tell = (channel: string, announcement?: string): void =>
    channels.get(channel)?.listeners.forEach((listener) => listener(announcement));
  // Not awaited: with Redis away it would last until Redis is back, and a listener also looks from time to time.
  const subscribe = (connection: Redis, names: readonly string[]): void =>
    void connection.subscribe(...names).then(
      () => {
        for (const name of names) {
          const channel = channels.get(name);
          if (channel === undefined) continue;
          channel.isHeard = true;
          tell(name);
        }
      },
      () => undefined, // the connection was lost: the next one subscribes to all
    );
  const open = (): Redis => {
    const connection = connect();
    connection.on('message', tell);
    // Listeners look once the subscription is restored, not once the connection is: an announcement in between would be lost.
    connection.on('ready', () => {
      const names = [...channels.keys()];
      for (let at = 0; at < names.length; at += CHANNELS_AT_ONCE) subscribe(connection, names.slice(at, at + CHANNELS_AT_ONCE));
    });
    connection.on('close', () => channels.forEach((channel) => (channel.isHeard = false)));
    // A subscription has no command under way: without a ping it would never notice that Redis has stopped answering.
    watch = watchConnection(connection, { prefix, look: 'ping' });
    return connection;
  };

  return {
    listen(generationId, listener) {
      if (isClosed) return { isHeard: () => false, end: () => undefined };
      subscriber ??= open();
      const connection = subscriber;
      const name = eventChannel(prefix, generationId);
      const channel = channels.get(name) ?? { listeners: new Set(), isHeard: false };
      channel.listeners.add(listener);
      if (!channels.has(name)) {
        channels.set(name, channel);
        if (connection.status === 'ready') subscribe(connection, [name]);
      }
      return {
        isHeard: () => channel.isHeard,
        end() {
          channel.listeners.delete(listener);
          if (channel.listeners.size > 0 || channels.get(name) !== channel) return;
          channels.delete(name);
          if (connection.status === 'ready') connection.unsubscribe(name).catch(() => undefined);
        },
      };
    },
    close() {
      isClosed = true;
      for (const name of channels.keys()) tell(name);
      watch?.close();
      subscriber?.disconnect();
    },
  };
}
