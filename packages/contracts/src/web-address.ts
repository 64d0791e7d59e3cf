import { canReadUrl } from './can-read-url.ts';

/** What a text must be to be read as the address of a web server, to follow "must be". */
export const WEB_ADDRESS_RULE = 'a URL that starts with http:// or https://';
/** The same of an address that leads to a server as a whole. */
export const SERVER_ADDRESS_RULE = `${WEB_ADDRESS_RULE}, and ends after host and port`;

const MAX_LENGTH = 2048;

/**
 * Says what is wrong with the address of a web server: "has a query in it". No part of it is repeated, which may hold a password.
 * @param isServer Whether it must end after host and port.
 * @returns undefined when nothing is wrong
 */
export function findAddressProblem(text: string, { isServer = false }: { isServer?: boolean } = {}): string | undefined {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  // A parser of URLs drops line breaks, tabs and blanks around it without a word.
  if (/[\s\p{Cc}\\]/u.test(text)) return 'has a blank, line break or backslash in it';
  if (/["'`<>{}]/.test(text)) return 'has a quote or bracket in it';
  const [, scheme, authority = '', tail = ''] = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) return 'does not begin with http:// or https://';
  if (!/^https?$/i.test(scheme)) return 'begins with something else than http:// or https://';
  if (authority.includes('@')) return 'has a user or a password in it';
  if (tail.includes('#')) return 'has a fragment ("#") in it';
  if (tail.includes('?')) return 'has a query ("?") in it';
  if (!canReadUrl(text) || new URL(text).hostname === '') return 'has no host, or a port that is none';
  if (/:0*$/.test(authority)) return 'has a port that is none';
  return isServer && tail !== '' && tail !== '/' ? 'has a path in it' : undefined;
}
