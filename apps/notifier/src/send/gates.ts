/**
 * Bounds the attempts under way at each endpoint, so that one that answers late, or not at all, takes no place of the others. An endpoint
 * that failed gets one attempt at a time until it takes one. Those that failed, those that answer late, and those that have not answered yet get
 * together at most half of the places. Of all places, and of that half, a tenant takes at most half of what the others leave free, however many
 * endpoints it has. Each tenant leaves less to the next: with 200 places a dozen tenants whose endpoints all answer late fill their half, and an
 * endpoint of another tenant that is new or late then waits for one of their attempts to end. The other half is not theirs.
 */
export interface Gates {
  /** Takes a place at an endpoint of a tenant, or says when to come again. Places are counted by this process alone. */
  enter(endpoint: string, tenant: string): { pass: Pass } | { againInMs: number };
}

export interface Pass {
  /** Gives the place back. @param isGood True if the endpoint answered as one that lives; undefined if nothing was sent. */
  leave(isGood?: boolean): void;
}

interface Gate {
  inside: number;
  hasFailed: boolean;
  /** Mean time of an attempt, in milliseconds. */
  meanMs: number;
  /** Time of the last turn that was given out. */
  turnAt: number;
}

/** Attempts at once at an endpoint that answers. */
const MOST_AT_ONCE = 8;
/** The same for one that has not answered this process yet. */
const FIRST_AT_ONCE = 2;
/** An endpoint whose mean time is longer answers late. */
const LATE_MS = 1000;
/** The part of the free places that a tenant may have. */
const SHARE_OF_FREE = 0.5;
const LEAST_WAIT_MS = 50;
/** A turn further ahead is not waited for: the endpoint may live again by then. */
const LONGEST_WAIT_MS = 10 * 60_000;
/** Gates that are remembered while nothing is sent through them. */
const MOST_REMEMBERED = 10_000;

/** @param places Attempts at once of this process. @param now Milliseconds of a clock that only goes forward. */
export function createGates(places: number, now: () => number, random: () => number = Math.random): Gates {
  const gates = new Map<string, Gate>();
  const [all, unproven] = [createPlaces(places), createPlaces(places / 2)];

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
    const gate = { inside: 0, hasFailed: false, meanMs: 0, turnAt: 0 };
    gates.set(endpoint, gate);
    return gate;
  }

  return {
    enter(endpoint, tenant) {
      const gate = gateOf(endpoint);
      const { hasFailed, meanMs } = gate;
      const taken = hasFailed || meanMs === 0 || meanMs > LATE_MS ? [all, unproven] : [all];
      const most = hasFailed ? 1 : meanMs === 0 ? FIRST_AT_ONCE : MOST_AT_ONCE;
      if (gate.inside >= most || !taken.every((each) => each.hasOneFor(tenant))) {
        // Each comes back at a turn of its own, so that a long line of one endpoint costs little.
        gate.turnAt = Math.max(gate.turnAt, now()) + Math.max(LEAST_WAIT_MS, meanMs) / most;
        const waitMs = Math.max(LEAST_WAIT_MS, gate.turnAt - now());
        return { againInMs: Math.round(waitMs <= LONGEST_WAIT_MS ? waitMs : LONGEST_WAIT_MS * (0.5 + random() / 2)) };
      }
      gate.inside += 1;
      for (const each of taken) each.take(tenant);
      const beganAt = now();
      let isInside = true;
      return {
        pass: {
          leave(isGood) {
            if (!isInside) return;
            isInside = false;
            gate.inside -= 1;
            for (const each of taken) each.giveBack(tenant);
            if (isGood === undefined) return;
            const tookMs = Math.max(1, now() - beganAt);
            // the first good answer after failures says how long the next ones take
            gate.meanMs = gate.meanMs === 0 || (isGood && gate.hasFailed) ? tookMs : gate.meanMs * 0.8 + tookMs * 0.2;
            if (gate.hasFailed && isGood) gate.turnAt = 0;
            gate.hasFailed = !isGood;
          },
        },
      };
    },
  };
}

interface Places {
  hasOneFor(tenant: string): boolean;
  take(tenant: string): void;
  giveBack(tenant: string): void;
}

function createPlaces(count: number): Places {
  const ofTenants = new Map<string, number>();
  let taken = 0;
  const own = (tenant: string): number => ofTenants.get(tenant) ?? 0;
  return {
    hasOneFor: (tenant) => taken < count && (own(tenant) === 0 || own(tenant) + 1 <= (count - taken) * SHARE_OF_FREE),
    take(tenant) {
      taken += 1;
      ofTenants.set(tenant, own(tenant) + 1);
    },
    giveBack(tenant) {
      taken -= 1;
      if (own(tenant) > 1) ofTenants.set(tenant, own(tenant) - 1);
      else ofTenants.delete(tenant);
    },
  };
}
