import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { scopeOfAddress, withoutBrackets } from '@darkroom/contracts';

/** The addresses of a host name, in the order in which they are to be tried. @throws what `dns.lookup` throws. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** As the system resolves names, its hosts file included. An IP address is its own answer. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true });

export interface HostRules {
  resolve: Resolve;
  /** Whether a name may lead to this machine. */
  allowLoopback: boolean;
}

/**
 * Finds where a host leads, once, and makes sure that it is the public internet. If one address of several is not, the name is
 * not trusted at all.
 * @param hostname As a URL has it.
 * @returns a `lookup` for the connection: it goes to the very addresses that were looked at, whatever the name means by then
 * ("DNS rebinding").
 * @throws Error with the code "ADDRESS_NOT_PUBLIC"; what `resolve` throws; the reason of the signal.
 */
export async function resolveHost(hostname: string, { resolve, allowLoopback }: HostRules, signal: AbortSignal): Promise<LookupFunction> {
  const addresses = await Promise.race([resolve(withoutBrackets(hostname)), whenAborted(signal)]);
  const [first] = addresses;
  const refused = addresses.find(({ address }) => {
    const scope = scopeOfAddress(address);
    return scope !== 'public' && !(scope === 'loopback' && allowLoopback);
  });
  if (first === undefined || refused !== undefined) {
    const message = `'${hostname}' leads to ${refused?.address ?? 'no address'}, and not to the public internet`;
    throw Object.assign(new Error(message), { code: 'ADDRESS_NOT_PUBLIC' });
  }
  return (_hostname, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(new Error('the lookup was given up'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
