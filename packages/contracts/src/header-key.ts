/**
 * Says what is wrong with a key that goes into a header of HTTP: it was copied with something around it, or not filled in. Nothing of it
 * is repeated.
 * @returns undefined when nothing is wrong
 */
export function findSecretProblem(secret: string): string | undefined {
  if (/^bearer\s/i.test(secret.trim())) return 'begins with "Bearer", which is added when it is sent';
  if (/^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/u.test(secret.trim())) return 'has quotes around it';
  if (/^\s|\s$/.test(secret)) return 'has a blank or line break before or behind it';
  if (/[\s\p{Cc}]/u.test(secret)) return 'has a blank or line break in it';
  if (/^(?:\$[{(]|\{\{|<)/.test(secret)) return 'is a placeholder that was not filled in';
  return /^[!-~]*$/.test(secret) ? undefined : 'has a sign in it that is not ASCII';
}
