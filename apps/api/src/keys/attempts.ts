import { ApiError } from '../answers/api-error.ts';

/** Attempts without a valid key that an address may make in a minute. */
const MOST_OF_ADDRESS = 120;
/** Attempts with a wrong secret that the id of a key takes in a minute. */
const MOST_OF_KEY = 10;
const MINUTE_MS = 60_000;
/** Counters of each kind, and accepted keys, that a process remembers: the oldest go first. */
const MOST_KEPT = 10_000;

/**
 * Bounds vain attempts with keys, for each address and for each id of a key, in each process. Beyond a bound Redis is not asked any more; a key
 * that this process has accepted before passes all the same: other tenants may share the address of a proxy, and any caller can name the id of
 * a key.
 */
export interface Attempts {
  /** Refuses a call that is one too many. @param keyId Undefined for a text that is no key. @throws ApiError */
  check(address: string, key: { id: string; hash: string } | undefined): void;
  failed(address: string, key: { id: string; hash: string } | undefined): void;
  accepted(key: { id: string; hash: string }): void;
  /** Returns the hash of a key that was accepted, if it is remembered. */
  acceptedHash(keyId: string): string | undefined;
}

/** @param now Milliseconds, of a clock that only goes on. */
export function createAttempts(now: () => number): Attempts {
  const ofAddresses = createCounters(MOST_OF_ADDRESS, now);
  const ofKeys = createCounters(MOST_OF_KEY, now);
  const accepted = new Map<string, string>();
  return {
    check(address, key) {
      if (key !== undefined && accepted.get(key.id) === key.hash) return;
      const waitMs = Math.max(ofAddresses.waitMs(networkOf(address)), key === undefined ? 0 : ofKeys.waitMs(key.id));
      if (waitMs > 0)
        throw new ApiError('api.too-many-requests', 'this address or key has made too many calls without a valid API key', {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
    },
    failed(address, key) {
      ofAddresses.count(networkOf(address));
      if (key === undefined) return;
      ofKeys.count(key.id);
      // It was revoked.
      if (accepted.get(key.id) === key.hash) accepted.delete(key.id);
    },
    accepted({ id, hash }) {
      accepted.delete(id);
      accepted.set(id, hash);
      dropOldest(accepted);
    },
    acceptedHash: (keyId) => accepted.get(keyId),
  };
}

/** Counts by name in windows of a minute. */
function createCounters(most: number, now: () => number) {
  const counters = new Map<string, { begunAt: number; count: number }>();
  return {
    /** Returns the rest of the window of a name that has reached its bound; 0 for another one. */
    waitMs(name: string): number {
      const counter = counters.get(name);
      return counter === undefined || counter.count < most ? 0 : Math.max(0, counter.begunAt + MINUTE_MS - now());
    },
    count(name: string): void {
      const counter = counters.get(name);
      if (counter !== undefined && counter.begunAt + MINUTE_MS > now()) {
        counter.count += 1;
        return;
      }
      counters.delete(name);
      counters.set(name, { begunAt: now(), count: 1 });
      dropOldest(counters);
    },
  };
}

function dropOldest(map: Map<string, unknown>): void {
  const [oldest] = map.size > MOST_KEPT ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
}

/** Returns the part of an address that one caller may have to itself: of IPv6 the first 64 bits. */
export function networkOf(address: string): string {
  if (!address.includes(':') || /^::ffff:[\d.]+$/i.test(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4).join(':');
}
