import { setTimeout as delay } from 'node:timers/promises';
import type { GenerationStore } from '@darkroom/generation-store';
import { ApiError } from '../answers/api-error.ts';
import type { Caller } from './authenticate.ts';

/** Time between two looks at the keys of open streams. */
const LOOK_EVERY_MS = 2000;
/** Keys that are asked for at once. */
const AT_ONCE = 100;

/** The keys of open streams: a stream outlives the request whose key was accepted, so its key is looked at again and again. */
export interface KeyWatch {
  /** Follows the key of a stream. @returns a signal that is aborted with an ApiError once the key opens this no more, and what ends the watch. */
  follow(caller: Pick<Caller, 'keyId' | 'tenant'>): { signal: AbortSignal; leave(): void };
  stop(): void;
}

interface Watched {
  tenant: string;
  streams: Set<AbortController>;
}

/** Watches the keys, each once for all its streams. While Redis does not answer, streams stay open: it has no event for them either. */
export function createKeyWatch(store: Pick<GenerationStore, 'useApiKey'>, everyMs = LOOK_EVERY_MS): KeyWatch {
  const watched = new Map<string, Watched>();
  const stopping = new AbortController();
  let isLooking = false;

  async function look(): Promise<void> {
    isLooking = true;
    while (watched.size > 0 && !stopping.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      const keys = [...watched];
      for (let from = 0; from < keys.length && !stopping.signal.aborted; from += AT_ONCE)
        await Promise.all(keys.slice(from, from + AT_ONCE).map(([keyId, each]) => check(keyId, each)));
    }
    isLooking = false;
  }

  async function check(keyId: string, { tenant, streams }: Watched): Promise<void> {
    try {
      // With the scope of a stream: a Redis that may have forgotten the key does not end it.
      const key = await store.useApiKey(keyId, 'read');
      if (key?.tenant === tenant && key.scopes.includes('read')) return;
    } catch {
      return;
    }
    const reason = new ApiError('api.unauthenticated', 'the API key was revoked, or lost the scope "read"');
    for (const stream of streams) stream.abort(reason);
  }

  return {
    follow({ keyId, tenant }) {
      const stream = new AbortController();
      const key = watched.get(keyId) ?? { tenant, streams: new Set() };
      key.streams.add(stream);
      watched.set(keyId, key);
      if (!isLooking) void look();
      return {
        signal: stream.signal,
        leave() {
          key.streams.delete(stream);
          if (key.streams.size === 0 && watched.get(keyId) === key) watched.delete(keyId);
        },
      };
    },
    stop: () => stopping.abort(),
  };
}
