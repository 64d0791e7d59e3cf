import { canReadUrl, isLoopbackHost, scopeOfAddress, withoutBrackets } from '@darkroom/contracts';

export type ImageAddress = { kind: 'allowed'; url: URL } | { kind: 'disallowed'; reason: string };

/** The host in Runware's own examples (model page, "Examples"). */
export const defaultImageHosts: readonly string[] = ['im.runware.ai'];

export interface ImageAddressRules {
  /** Host names, with a port if it is not the scheme's own ("127.0.0.1:8080"). */
  imageHosts: readonly string[];
  /** True if images may come from this machine: only if the provider, an emulator, is on it too. */
  allowLoopback: boolean;
}

/** @param url The provider's own address. @param imageHosts Runware's own by default. */
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
 * Decides if an image may be fetched from an address that came from outside. An address on any other host would let its sender direct
 * this machine's requests, even into its own network. `resolveHost` checks the addresses of a listed *name* when it connects.
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
  // Plain http is only for an emulator on this machine.
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isHere)) return { kind: 'allowed', url };
  return { kind: 'disallowed', reason: 'it is not https' };
}
