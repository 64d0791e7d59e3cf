import { canReadUrl } from './can-read-url.ts';

/** Form of a web server's address, to follow "must be". */
export const WEB_ADDRESS_RULE = 'a URL that starts with http:// or https://';
/** Form of an address without a path, to follow "must be". */
export const SERVER_ADDRESS_RULE = `${WEB_ADDRESS_RULE}, and ends after host and port`;

const MAX_LENGTH = 2048;

/**
 * Describes the problem of a web server's address, such as "has a query in it". Repeats no part of it, because it may hold a password.
 * @param isServer True if the address must end after host and port.
 * @returns undefined for a valid address
 */
export function findAddressProblem(text: string, { isServer = false }: { isServer?: boolean } = {}): string | undefined {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  // A URL parser silently drops line breaks, tabs and blanks around an address.
  if (/[\s\p{Cc}\\]/u.test(text)) return 'has a blank, line break or backslash in it';
  if (/["'`<>{}]/.test(text)) return 'has a quote or bracket in it';
  const [, scheme, authority = '', tail = ''] = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) return 'does not begin with http:// or https://';
  if (!/^https?$/i.test(scheme)) return 'begins with something other than http:// or https://';
  if (authority.includes('@')) return 'has a user or a password in it';
  if (tail.includes('#')) return 'has a fragment ("#") in it';
  if (tail.includes('?')) return 'has a query ("?") in it';
  if (!canReadUrl(text) || new URL(text).hostname === '') return 'has no host, or an invalid port';
  if (/:0*$/.test(authority)) return 'has an invalid port';
  return isServer && tail !== '' && tail !== '/' ? 'has a path in it' : undefined;
}
