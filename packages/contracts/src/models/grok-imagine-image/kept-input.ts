/** A reference image in the bucket. */
export interface KeptInput {
  /** Its tenant as paths encode it; absent in the form of version 0.1.0, in which reference images belonged to no tenant. */
  tenantPart?: string;
  /** The SHA-256 of its bytes, in lower-case hex. */
  sha256: string;
}

/**
 * The name of a reference image in the bucket: `darkroom:inputs/<tenant>/<sha256>`. A fifth form beside the four of the page, for images too
 * large to travel in a request. Its own scheme keeps it distinct from the four. It is never sent to the provider: the worker replaces it
 * with a presigned URL when it buys the image. Requests of version 0.1.0 hold `darkroom:inputs/<sha256>`.
 */
const KEPT_INPUT = /^darkroom:inputs\/(?:(?!\.{1,2}\/)([\w.~-]{1,384})\/)?([0-9a-f]{64})$/;

/** Writes the reference to a kept image. */
export const formatKeptInput = ({ tenantPart, sha256 }: KeptInput): string =>
  `darkroom:inputs/${tenantPart === undefined ? '' : `${tenantPart}/`}${sha256}`;

/** Reads a reference to a kept image; undefined for any other form. */
export function findKeptInput(referenceImage: string): KeptInput | undefined {
  const [, tenantPart, sha256] = KEPT_INPUT.exec(referenceImage) ?? [];
  if (sha256 === undefined) return undefined;
  return tenantPart === undefined ? { sha256 } : { tenantPart, sha256 };
}

/** Returns true for a reference in Darkroom's own scheme, of whatever version. The provider does not know it. */
export const isKeptInput = (referenceImage: string): boolean => referenceImage.startsWith('darkroom:');
