import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { scopeOfAddress, withoutBrackets } from './network-address.ts';

/** Returns the addresses of a host name, in the order of connection attempts. @throws the errors of `dns.lookup`. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Resolves names as the system does, its hosts file included. An IP address resolves to itself. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true });

const ASK_TIMEOUT_MS = 3000;
const ASK_TRIES = 2;

/**
 * Resolves names of the internet by the name servers of this machine. Unlike `dns.lookup`, which waits in one of libuv's four threads (Node
 * docs, "dns: Implementation considerations"), a server that does not answer holds up no other name. Addresses and names of this machine
 * resolve as by the system.
 * @throws the errors of the resolver, such as ENOTFOUND.
 */
export const resolveByServers: Resolve = async (hostname) => {
  if (isIP(hostname) !== 0 || /^(?:.*\.)?localhost\.?$/i.test(hostname)) return resolveBySystem(hostname);
  const resolver = new Resolver({ timeout: ASK_TIMEOUT_MS, tries: ASK_TRIES });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ];
  if (addresses.length === 0) throw v4.status === 'rejected' ? v4.reason : new Error('the name has no address');
  return addresses;
};

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
