import { createHash, timingSafeEqual } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Whether an `Authorization` header holds these credentials (RFC 7617), in a time that does not tell how much of them is right. */
export function matchesCredentials(header: string | undefined, { user, password }: Credentials): boolean {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '') ?? [];
  const given = Buffer.from(encoded ?? '', 'base64');
  // Digests have one length whatever was given.
  return encoded !== undefined && timingSafeEqual(digest(given), digest(Buffer.from(`${user}:${password}`)));
}

const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
