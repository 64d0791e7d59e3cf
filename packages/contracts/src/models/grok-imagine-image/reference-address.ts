import { scopeOfAddress, withoutBrackets } from '../../network-address.ts';

/** Presigned URLs with a session token have about 2,000 characters; servers accept 8,000 (RFC 9110, section 4.1). */
const MAX_CHARACTERS = 8192;
// URL parsers disagree about where the host ends, or drop these characters.
const AMBIGUOUS = /[\\\p{Cc}]/u;
/** The host as written: after a user name, up to the port or the path. */
const WRITTEN_HOST = /^https?:\/\/(?:[^/\\?#]*@)?(\[[^\]]*\]|[^/\\?#:]*)/i;
/** Names to which each network gives its own meaning (RFC 6761, 6762, 8375; ICANN, "internal" and name collisions). */
const LOCAL_NAME = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|corp|home|private|home\.arpa)$/;

/**
 * Returns the problems of the http(s) URL of a reference image, in words. The provider fetches it from the public internet: with an
 * address of a private network it would look into its own network, or at best fail a purchase. No name is resolved here: the
 * provider must refuse a name that resolves to a private address.
 */
export function referenceAddressProblems(address: string): string[] {
  if (address.length > MAX_CHARACTERS) return [`must have at most ${MAX_CHARACTERS} characters`];
  const problems: string[] = [];
  const { hostname, username, password } = new URL(address);
  if (AMBIGUOUS.test(address)) problems.push('must hold no backslash and no control character: URL parsers disagree about them');
  if (username !== '' || password !== '')
    problems.push('must carry no user name or password: the address is kept and given to the provider; use a presigned URL');
  return [...problems, ...hostProblems(hostname, WRITTEN_HOST.exec(address)?.[1] ?? '')];
}

/** @param hostname As the URL standard reads it: "0x7f.1" is "127.0.0.1". */
function hostProblems(hostname: string, written: string): string[] {
  const scope = scopeOfAddress(withoutBrackets(hostname));
  if (scope === undefined) {
    const name = hostname.replace(/\.$/, '');
    return name.includes('.') && !LOCAL_NAME.test(name)
      ? []
      : [
          'must name a host of the public internet: "localhost", names without a dot and names such as "*.internal" lead nowhere from the provider',
        ];
  }
  const problems: string[] = [];
  if (scope !== 'public')
    problems.push('must lead to the public internet: private, loopback, link-local and reserved addresses lead nowhere from the provider');
  if (written.toLowerCase() !== hostname)
    problems.push('must write an IP address in its usual notation, such as "8.8.8.8" or "[2606:4700::1]"');
  return problems;
}
