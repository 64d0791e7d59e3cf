/**
 * A reference image that lies in the bucket, under the SHA-256 of its bytes: `darkroom:inputs/<sha256>`. A fifth form beside
 * the four of the page, for images that are too large to travel in a request. A scheme of its own, so that it can be none of
 * the four; it never leaves for the provider, who is given a presigned URL in its place when the image is bought.
 */
const KEPT_INPUT = /^darkroom:inputs\/([0-9a-f]{64})$/;

/** The reference to a kept image. @param sha256 In lower-case hex. */
export const formatKeptInput = (sha256: string): string => `darkroom:inputs/${sha256}`;

/** The SHA-256 that a reference image names; undefined for one in another form. */
export const findKeptInput = (referenceImage: string): string | undefined => KEPT_INPUT.exec(referenceImage)?.[1];
