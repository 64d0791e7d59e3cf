/**
 * A reference image in the bucket, named by the SHA-256 of its bytes: `darkroom:inputs/<sha256>`. A fifth form beside the four of
 * the page, for images too large to travel in a request. Its own scheme keeps it distinct from the four. It is never sent to the
 * provider: the worker replaces it with a presigned URL when it buys the image.
 */
const KEPT_INPUT = /^darkroom:inputs\/([0-9a-f]{64})$/;

/** Writes the reference to a kept image. @param sha256 In lower-case hex. */
export const formatKeptInput = (sha256: string): string => `darkroom:inputs/${sha256}`;

/** Returns the SHA-256 in a reference to a kept image; undefined for any other form. */
export const findKeptInput = (referenceImage: string): string | undefined => KEPT_INPUT.exec(referenceImage)?.[1];
