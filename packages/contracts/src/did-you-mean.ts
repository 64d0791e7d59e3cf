/** Longer names are not compared: no parameter is that long, and a comparison costs the product of both lengths. */
const MAX_LENGTH = 40;

/**
 * Finds the known name that the caller most likely meant, ignoring case; undefined if none is near enough.
 * @param maxSlips Slips to tolerate; by default one for every three letters.
 * @param known Candidates; the last part of a dotted path matches too ("checkContent" finds "safety.checkContent").
 */
export function findMeant(given: string, known: readonly string[], maxSlips = Math.floor(lastPart(given).length / 3)): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  let meant: string | undefined;
  let limit = maxSlips;
  for (const name of known) {
    const slips = Math.min(...pairs(given, name).map(([left, right]) => slipsBetween(left, right, limit)));
    if (slips > limit) continue;
    // Of two equally near names the first stays.
    [meant, limit] = [name, slips - 1];
    if (slips === 0) break;
  }
  return meant;
}

const pairs = (given: string, name: string): (readonly [string, string])[] => [
  [given, name],
  ...(name.includes('.') ? [[given, lastPart(name)] as const] : []),
  ...(given.includes('.') ? [[lastPart(given), lastPart(name)] as const] : []),
];

const lastPart = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/**
 * Counts the letters added, left out, replaced or swapped with their neighbour (optimal string alignment distance); returns Infinity above
 * `limit`. Each process compares its whole environment with the names of all settings when it starts, and nearly all of them are far
 * apart: their lengths, their letters or the first of them show it.
 */
function slipsBetween(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return Infinity;
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  // A slip brings in one letter at most, and takes away one.
  const [lettersOfA, lettersOfB] = [lettersOf(a), lettersOf(b)];
  if (countBits(lettersOfA & ~lettersOfB) > limit || countBits(lettersOfB & ~lettersOfA) > limit) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(beforeLast, column - 2) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, at(last, column) + 1, at(current, column - 1) + 1));
    }
    // A row follows from the two before it, and holds no number below the least of theirs.
    if (Math.min(...last) > limit && Math.min(...current) > limit) return Infinity;
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

/** Returns a bit for each letter of a text; some characters share one. */
function lettersOf(text: string): number {
  let letters = 0;
  for (let index = 0; index < text.length; index += 1) letters |= 1 << (text.charCodeAt(index) % 32);
  return letters;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

const at = (row: readonly number[], column: number): number => row[column] ?? Infinity;
