import { canReadUrl, scopeOfAddress, withoutBrackets } from '@darkroom/contracts';

export type ImageAddress = { kind: 'allowed'; url: URL } | { kind: 'disallowed'; reason: string };

/** The host of the addresses in Runware's own examples (model page, "Examples"). */
export const defaultImageHosts: readonly string[] = ['im.runware.ai'];

export interface ImageAddressRules {
  /** Host names, with a port if it is not the scheme's own ("127.0.0.1:8080"). */
  imageHosts: readonly string[];
  /** Whether images may come from this machine: only if the provider itself is on it, an emulator. */
  allowLoopback: boolean;
}

/** @param url The provider's own address. @param imageHosts Runware's own unless given. */
export const imageRulesOf = ({
  url,
  imageHosts = defaultImageHosts,
}: {
  url: string;
  imageHosts?: readonly string[];
}): ImageAddressRules => ({
  imageHosts,
  allowLoopback: isLoopbackHost(new URL(url).hostname),
});

/**
 * Decides whether an image may be fetched from an address that came from outside. An address on another host would make this
 * machine fetch from wherever the sender likes, its own network included. Where a listed *name* leads is decided when a
 * connection is made (`resolveHost`).
 */
export function checkImageAddress(address: string, { imageHosts, allowLoopback }: ImageAddressRules): ImageAddress {
  if (!canReadUrl(address)) return { kind: 'disallowed', reason: 'it is not a URL' };
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return { kind: 'disallowed', reason: 'it carries credentials' };
  if (!imageHosts.some((host) => host.toLowerCase() === url.host))
    return { kind: 'disallowed', reason: `its host is not one of ${imageHosts.map((host) => `'${host}'`).join(', ')}` };
  const isHere = isLoopbackHost(url.hostname);
  if (isHere && !allowLoopback) return { kind: 'disallowed', reason: 'it leads to this machine, and the provider is elsewhere' };
  if (scopeOfAddress(withoutBrackets(url.hostname)) === 'private') return { kind: 'disallowed', reason: 'it leads to a private network' };
  // Plain http is for an emulator on this machine only.
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isHere)) return { kind: 'allowed', url };
  return { kind: 'disallowed', reason: 'it is not https' };
}

/** Whether a host, as a URL has it, is this machine. */
const isLoopbackHost = (hostname: string): boolean => hostname === 'localhost' || scopeOfAddress(withoutBrackets(hostname)) === 'loopback';
