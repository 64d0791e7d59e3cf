import { canReadUrl } from '../can-read-url.ts';
import { isLoopbackHost, scopeOfAddress, withoutBrackets } from '../network-address.ts';

/** Form of the address of a receiver of notifications, to follow "must be". */
export const WEBHOOK_URL_RULE = 'an https:// URL of a host on the public internet, without user, password and fragment';

const MAX_LENGTH = 2048;

/**
 * Describes the problem of an address to which notifications are to be sent, such as "leads to a private network". Repeats no part of it:
 * it is a secret of its owner. A name passes, because its addresses are checked by `resolveHost` whenever it is resolved.
 * @param allowLoopback True on a machine for development: http to this machine is then allowed.
 * @returns undefined for a valid address.
 */
export function findCallbackProblem(text: unknown, { allowLoopback = false }: { allowLoopback?: boolean } = {}): string | undefined {
  if (typeof text !== 'string') return 'is no text';
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  // A URL parser silently drops line breaks, tabs and blanks around an address, and takes a backslash for a slash.
  if (/[\s\p{Cc}\p{Surrogate}\\]/u.test(text)) return 'has a blank, line break or backslash in it';
  if (!canReadUrl(text)) return 'is no URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'does not begin with https://';
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/*[^/?#]*@/i.test(text)) return 'has a user or a password in it';
  if (text.includes('#')) return 'has a fragment ("#") in it';
  const host = withoutBrackets(url.hostname).replace(/\.$/, '');
  const isHere = isLoopbackHost(host) || host.endsWith('.localhost');
  if (isHere && allowLoopback) return undefined;
  if (isHere) return 'leads to this machine';
  if (scopeOfAddress(host) === 'private') return 'leads to a private network';
  // No name of the public internet is without a dot.
  if (scopeOfAddress(host) === undefined && !host.includes('.')) return 'leads to a private network';
  return url.protocol === 'https:' ? undefined : 'does not begin with https://';
}
