import { createHmac } from 'node:crypto';
import { isSameHash } from '@darkroom/contracts';

/**
 * A read token opens one generation for a browser: `drt_<id of its key>_<end>_<proof>`. The proof is an HMAC with the hash of the API key, which
 * Redis and S3 keep and callers do not have. So a token needs no store of its own, and ends with its key.
 */
const TOKEN = /^drt_([0-9A-Za-z]{8})_([0-9a-z]{1,9})_([\w-]{43})$/;

/** Lifetime of a token. Streams that it opened go on until their generation is final. */
export const READ_TOKEN_MS = 3_600_000;

/** A token as a caller sent it. */
export interface ReadToken {
  readonly keyId: string;
  /** Milliseconds since 1970, by Redis time. */
  readonly expiresAt: number;
  readonly proof: string;
}

/** The key of a token, and the generation that it opens. */
interface TokenSubject {
  readonly keyId: string;
  readonly keyHash: string;
  readonly generationId: string;
}

/** @param now Redis time, in milliseconds since 1970. */
export function mintReadToken(subject: TokenSubject, now: number): { token: string; expiresAt: number } {
  const end = Math.floor((now + READ_TOKEN_MS) / 1000);
  return { token: `drt_${subject.keyId}_${end.toString(36)}_${proofOf(subject, end)}`, expiresAt: end * 1000 };
}

/** Reads a token. @returns undefined for a text that is none. */
export function parseReadToken(text: string): ReadToken | undefined {
  const [, keyId, end, proof] = TOKEN.exec(text) ?? [];
  if (keyId === undefined || end === undefined || proof === undefined) return undefined;
  return { keyId, expiresAt: Number.parseInt(end, 36) * 1000, proof };
}

/** Returns true if a token was minted with this key for this generation. */
export const isTokenOf = ({ proof, expiresAt }: ReadToken, subject: TokenSubject): boolean =>
  isSameHash(proof, proofOf(subject, expiresAt / 1000));

const proofOf = ({ keyId, keyHash, generationId }: TokenSubject, end: number): string =>
  createHmac('sha256', keyHash).update(`read token of Darkroom\n${keyId}\n${generationId}\n${end}`).digest('base64url');
