/**
 * Bounds the attempts under way at each endpoint, so that one that answers late, or not at all, takes no place of the others. An endpoint
 * that failed gets one attempt at a time until it takes one. Those that failed, and those that have not answered yet, get together at most
 * half of the places.
 */
export interface Gates {
  /** Takes a place at an endpoint, or says when to come again. Places are counted by this process alone. */
  enter(endpoint: string): { pass: Pass } | { againInMs: number };
}

export interface Pass {
  /** Gives the place back. @param isGood True if the endpoint answered as one that lives; undefined if nothing was sent. */
  leave(isGood?: boolean): void;
}

interface Gate {
  inside: number;
  isSlow: boolean;
  /** Mean time of an attempt, in milliseconds. */
  meanMs: number;
  /** Time of the last turn that was given out. */
  turnAt: number;
}

/** Attempts at once at an endpoint that answers. */
const MOST_AT_ONCE = 8;
/** The same for one that has not answered this process yet. */
const FIRST_AT_ONCE = 2;
const LEAST_WAIT_MS = 50;
/** A turn further ahead is not waited for: the endpoint may live again by then. */
const LONGEST_WAIT_MS = 10 * 60_000;
/** Gates that are remembered while nothing is sent through them. */
const MOST_REMEMBERED = 10_000;

/** @param places Attempts at once of this process. @param now Milliseconds of a clock that only goes forward. */
export function createGates(places: number, now: () => number, random: () => number = Math.random): Gates {
  const gates = new Map<string, Gate>();
  let unprovenInside = 0;

  /** Forgets the one that came first of those through which nothing goes. */
  function forgetOldest(): void {
    for (const [name, { inside }] of gates)
      if (inside === 0) {
        gates.delete(name);
        return;
      }
  }

  function gateOf(endpoint: string): Gate {
    const known = gates.get(endpoint);
    if (known !== undefined) return known;
    if (gates.size >= MOST_REMEMBERED) forgetOldest();
    const gate = { inside: 0, isSlow: false, meanMs: 0, turnAt: 0 };
    gates.set(endpoint, gate);
    return gate;
  }

  return {
    enter(endpoint) {
      const gate = gateOf(endpoint);
      const { isSlow } = gate;
      const isUnproven = isSlow || gate.meanMs === 0;
      const most = isSlow ? 1 : gate.meanMs === 0 ? FIRST_AT_ONCE : MOST_AT_ONCE;
      if (gate.inside >= most || (isUnproven && unprovenInside >= places / 2)) {
        // Each comes back at a turn of its own, so that a long line of one endpoint costs little.
        gate.turnAt = Math.max(gate.turnAt, now()) + Math.max(LEAST_WAIT_MS, gate.meanMs) / most;
        const waitMs = Math.max(LEAST_WAIT_MS, gate.turnAt - now());
        return { againInMs: Math.round(waitMs <= LONGEST_WAIT_MS ? waitMs : LONGEST_WAIT_MS * (0.5 + random() / 2)) };
      }
      gate.inside += 1;
      if (isUnproven) unprovenInside += 1;
      const beganAt = now();
      let isInside = true;
      return {
        pass: {
          leave(isGood) {
            if (!isInside) return;
            isInside = false;
            gate.inside -= 1;
            if (isUnproven) unprovenInside -= 1;
            if (isGood === undefined) return;
            const tookMs = Math.max(1, now() - beganAt);
            // the first good answer after failures says how long the next ones take
            gate.meanMs = gate.meanMs === 0 || (isGood && gate.isSlow) ? tookMs : gate.meanMs * 0.8 + tookMs * 0.2;
            if (gate.isSlow && isGood) gate.turnAt = 0;
            gate.isSlow = !isGood;
          },
        },
      };
    },
  };
}
