import { createHash, timingSafeEqual } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Compares an `Authorization` header (RFC 7617) with the credentials, in a time that does not depend on how much of them is right. */
export function matchesCredentials(header: string | undefined, { user, password }: Credentials): boolean {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '') ?? [];
  const given = Buffer.from(encoded ?? '', 'base64');
  // Digests of any input have the same length, which `timingSafeEqual` needs.
  return encoded !== undefined && timingSafeEqual(digest(given), digest(Buffer.from(`${user}:${password}`)));
}

const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
