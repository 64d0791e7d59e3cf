/** Longest token dropped whole at the cut; a longer one is no word, and loses only this many characters. */
const MAX_DROPPED = 300;

/**
 * Bounds a text before it is searched for secrets, so that neither the search nor the stored text grows with the input.
 * Drops the token before the cut, back to the last blank: half a secret has no shape that the search would find.
 * @param secrets Known secrets, which may hold blanks; none of them stays cut in two.
 */
export function boundText(text: string, maxLength: number, secrets: readonly string[] = []): string {
  if (text.length <= maxLength) return text;
  let kept = text.slice(0, maxLength);
  for (const secret of secrets) {
    const begins = findCutSecret(text, maxLength, secret);
    if (begins !== undefined && begins < kept.length) kept = kept.slice(0, begins);
  }
  const tail = kept.slice(-MAX_DROPPED);
  const blank = tail.search(/\s\S*$/);
  kept = kept.slice(0, kept.length - (blank === -1 ? tail.length : tail.length - blank));
  // The user part of an address may be longer than any word.
  const open = /[^\s:]{0,30}:\/\/\S*$/.exec(kept.slice(-4 * MAX_DROPPED));
  return `${(open === null ? kept : kept.slice(0, kept.length - open[0].length)).trimEnd()}…`;
}

/** Finds where a secret begins that the cut would split. */
function findCutSecret(text: string, cutAt: number, secret: string): number | undefined {
  const from = Math.max(0, cutAt - secret.length + 1);
  const at = text.slice(from, cutAt + secret.length - 1).indexOf(secret);
  return secret === '' || at === -1 ? undefined : from + at;
}
