/** A token that was cut is dropped up to this length; what is longer is no word, and loses as much. */
const MAX_DROPPED = 300;

/**
 * Bounds a text before anything looks for secrets in it, so that neither the search nor what is kept grows with what was said.
 * Drops what stands right before the cut back to a blank: half a secret has no shape that a search would find.
 * @param secrets Known secrets, which may hold blanks: none of them is left cut in two.
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

/** Where a secret begins that stands across the cut. */
function findCutSecret(text: string, cutAt: number, secret: string): number | undefined {
  const from = Math.max(0, cutAt - secret.length + 1);
  const at = text.slice(from, cutAt + secret.length - 1).indexOf(secret);
  return secret === '' || at === -1 ? undefined : from + at;
}
