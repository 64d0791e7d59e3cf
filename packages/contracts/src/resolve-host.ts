import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { scopeOfAddress, withoutBrackets } from './network-address.ts';

/** Returns the addresses of a host name, in the order of connection attempts. @throws the errors of `dns.lookup`. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Resolves names as the system does, its hosts file included. An IP address resolves to itself. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true });

export interface HostRules {
  resolve: Resolve;
  /** True if a name may lead to this machine. */
  allowLoopback: boolean;
}

/**
 * Resolves a host once and makes sure that it is on the public internet. If one of several addresses is not, the name is not trusted.
 * @param hostname In the form of a URL.
 * @returns a `lookup` for the connection: it connects to the very addresses that were checked, even if the name resolves differently by
 * then ("DNS rebinding").
 * @throws Error with the code "ADDRESS_NOT_PUBLIC"; the errors of `resolve`; the reason of the signal.
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
