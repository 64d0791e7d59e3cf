// Which names of images always mean the same image, or nearly so.

/**
 * Whether an image is named with a digest or with a tag that is a version. "latest" and the like move under a running system.
 * @param {string} image Such as "valkey/valkey:8.1-bookworm".
 */
export function isPinned(image) {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag !== undefined && /\d/.test(tag) && !/latest|edge|nightly|unstable/.test(tag);
}
