import type { Purchase } from '../src/index.ts';

type Port = 'store' | 'archive' | 'provider' | 'waits';
/** A call of a port, such as "store.commit". */
export type PortCall = { [P in Port]: `${P}.${keyof Purchase[P] & string}` }[Port];
/** The moment right before the call has its effect, or right after. */
export type Moment = 'before' | 'after';

export class ProcessDied extends Error {}

/** Returns a process that dies at a call: the call has or has not had its effect, and nothing that this process does later has any. */
export function dyingAt(purchase: Purchase, moment: Moment, at: PortCall): Purchase {
  let dead = false;
  return intercept(purchase, async (name, call) => {
    if (name === at && moment === 'before') dead = true;
    if (dead) throw new ProcessDied(name);
    const result = await call();
    if (name === at) dead = true;
    if (dead) throw new ProcessDied(name);
    return result;
  });
}

/** Returns a process that goes on after one of its calls has failed without any effect. */
export const failingAt = (purchase: Purchase, at: PortCall, error: Error): Purchase =>
  intercept(purchase, (name, call) => (name === at ? Promise.reject(error) : call()));

/** Returns a process in which one call has its effect and then fails. */
export const failingAfter = (purchase: Purchase, at: PortCall, error: Error): Purchase =>
  intercept(purchase, async (name, call) => {
    const done = await call();
    if (name === at) throw error;
    return done;
  });

export interface Frozen {
  purchase: Purchase;
  /** Resolves once the process stands still at the call. */
  stands: Promise<void>;
  /** Lets the process go on. */
  thaw(): void;
}

/** Returns a process that is frozen at the first of these calls (SIGSTOP) until it is thawed (SIGCONT). */
export function freezingAt(purchase: Purchase, moment: Moment, at: PortCall): Frozen {
  const { promise: stands, resolve: freeze } = withResolvers();
  const { promise: thawed, resolve: thaw } = withResolvers();
  const stand = async (name: string, when: Moment): Promise<void> => {
    if (name !== at || when !== moment) return;
    freeze();
    await thawed;
  };
  const frozen = intercept(purchase, async (name, call) => {
    await stand(name, 'before');
    const result = await call();
    await stand(name, 'after');
    return result;
  });
  return { purchase: frozen, stands, thaw };
}

/** Passes all calls of ports through `around`. */
export function intercept(purchase: Purchase, around: (name: string, call: () => Promise<unknown>) => Promise<unknown>): Purchase {
  const through = <T extends object>(portName: Port, port: T): T =>
    new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        // `verify` is pure: nothing can happen between its start and its end.
        if (typeof value !== 'function' || key === 'verify') return value;
        return (...args: unknown[]) => around(`${portName}.${String(key)}`, async (): Promise<unknown> => value.apply(target, args));
      },
    });
  return {
    ...purchase,
    store: through('store', purchase.store),
    archive: through('archive', purchase.archive),
    provider: through('provider', purchase.provider),
    waits: through('waits', purchase.waits),
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
