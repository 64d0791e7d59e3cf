/**
 * Describes why a secret cannot go into an HTTP header: it was copied with something around it, or is still a placeholder. Repeats no part
 * of it.
 * @returns undefined for a usable secret
 */
export function findSecretProblem(secret: string): string | undefined {
  if (/^bearer\s/i.test(secret.trim())) return 'begins with "Bearer", which Darkroom adds itself';
  if (/^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/u.test(secret.trim())) return 'has quotes around it';
  if (/^\s|\s$/.test(secret)) return 'has a blank or line break before or after it';
  if (/[\s\p{Cc}]/u.test(secret)) return 'has a blank or line break in it';
  if (/^(?:\$[{(]|\{\{|<)/.test(secret)) return 'is a placeholder that was not replaced';
  return /^[!-~]*$/.test(secret) ? undefined : 'has a character in it that is not ASCII';
}
