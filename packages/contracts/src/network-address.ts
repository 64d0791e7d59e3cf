import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Reach of an IP address: the public internet, this machine, or a private network. */
export type AddressScope = 'public' | 'loopback' | 'private';

/**
 * Returns the scope of an IP address in its usual notation, or undefined for any other text. Everything not surely public counts as
 * private: private, shared, link-local (169.254.169.254 among them), multicast, documentation and reserved ranges, tunnels (6to4,
 * Teredo), by the registries of special-purpose addresses (IANA, RFC 6890 and its updates). An IPv4 address inside an IPv6 one,
 * mapped or behind NAT64, has the scope of the inner address, because a connection ends there.
 */
export function scopeOfAddress(address: string): AddressScope | undefined {
  if (isIP(address) === 0) return undefined;
  // An address with a zone means one on a link of this machine. Node accepts every text as the zone, the library only words.
  if (address.includes('%')) return scopeOfAddress(address.replace(/%.*$/, '')) === 'loopback' ? 'loopback' : 'private';
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'loopback') return 'loopback';
  if (parsed instanceof ipaddr.IPv6) {
    // NAT64 (RFC 6052): the last four bytes are the IPv4 address
    if (range === 'rfc6052') return scopeOfAddress(parsed.toByteArray().slice(12).join('.'));
    // of IPv6 only 2000::/3 is allocated for global unicast (IANA, "Internet Protocol Version 6 Address Space")
    return range === 'unicast' && (parsed.toByteArray()[0] ?? 0) >> 5 === 1 ? 'public' : 'private';
  }
  return range === 'unicast' ? 'public' : 'private';
}

/** Removes the brackets around an IPv6 host of a URL. */
export const withoutBrackets = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Returns true if a host, without its port, is this machine: "localhost" or a loopback address, with or without brackets. */
export const isLoopbackHost = (host: string): boolean => host === 'localhost' || scopeOfAddress(withoutBrackets(host)) === 'loopback';
