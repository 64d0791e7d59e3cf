export type ImageAddress = { kind: 'allowed'; url: URL } | { kind: 'disallowed'; reason: string };

/** The host of the addresses in Runware's own examples (model page, "Examples"). */
export const defaultImageHosts: readonly string[] = ['im.runware.ai'];

/**
 * Decides whether an image may be fetched from an address that came from outside. An address on another host would make this
 * machine fetch from wherever the sender likes, its own network included.
 * @param allowedHosts Host names, with a port if it is not the scheme's own ("127.0.0.1:8080").
 */
export function checkImageAddress(address: string, allowedHosts: readonly string[]): ImageAddress {
  if (!URL.canParse(address)) return { kind: 'disallowed', reason: 'it is not a URL' };
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return { kind: 'disallowed', reason: 'it carries credentials' };
  if (!allowedHosts.some((host) => host.toLowerCase() === url.host))
    return { kind: 'disallowed', reason: `its host is not one of ${allowedHosts.map((host) => `'${host}'`).join(', ')}` };
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return { kind: 'allowed', url };
  return { kind: 'disallowed', reason: 'it is not https' };
}

/** Plain http is for an emulator on this machine only. */
const isLoopback = (hostname: string): boolean => hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
