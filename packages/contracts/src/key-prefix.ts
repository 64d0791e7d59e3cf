const HASH_TAG = /^[^\s{}]*\{[^\s{}]+\}[^\s{}]*$/;
const MAX_PREFIX_LENGTH = 128;

/** Form of the prefix of all keys in Redis, to follow "must be". */
export const KEY_PREFIX_RULE = 'a prefix with one hash tag, such as "{darkroom}"';

/**
 * Describes the problem of a key prefix; undefined for a valid one. Its hash tag puts all keys into one slot of a Redis Cluster, so that
 * scripts may use several keys. A wildcard in it would make key lists and user rights match other keys too.
 */
export function findPrefixProblem(prefix: string): string | undefined {
  if (prefix.length > MAX_PREFIX_LENGTH) return `has more than ${MAX_PREFIX_LENGTH} characters`;
  if (/[*?[\]\\"'`]|[^!-~]/.test(prefix)) return 'has a blank, a quote, a backslash, a wildcard or a character that is not ASCII in it';
  return HASH_TAG.test(prefix) ? undefined : 'has no hash tag, or more than one';
}
