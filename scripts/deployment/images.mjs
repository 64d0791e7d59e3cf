// Checks names of images.

/**
 * Returns true if a name has a digest or a tag with a version. "latest" and the like change under a running system.
 * @param {string} image Such as "valkey/valkey:8.1-bookworm".
 */
export function isPinned(image) {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag !== undefined && /\d/.test(tag) && !/latest|edge|nightly|unstable/.test(tag);
}
