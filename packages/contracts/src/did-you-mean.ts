/** Longer names are not compared: no parameter is that long, and a comparison costs the product of both lengths. */
const MAX_LENGTH = 40;

/**
 * Finds the known name that the caller most likely meant, ignoring case; undefined if none is near enough.
 * @param maxSlips Slips to tolerate; by default one for every three letters.
 * @param known Candidates; the last part of a dotted path matches too ("checkContent" finds "safety.checkContent").
 */
export function findMeant(given: string, known: readonly string[], maxSlips = Math.floor(lastPart(given).length / 3)): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const ranked = known
    .map((name) => ({
      name,
      slips: Math.min(slipsBetween(given, name), slipsBetween(given, lastPart(name)), slipsBetween(lastPart(given), lastPart(name))),
    }))
    .toSorted((left, right) => left.slips - right.slips);
  const [best] = ranked;
  return best !== undefined && best.slips <= maxSlips ? best.name : undefined;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** Counts the letters added, left out, replaced or swapped with their neighbour (optimal string alignment distance). */
function slipsBetween(left: string, right: string): number {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(beforeLast, column - 2) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, at(last, column) + 1, at(current, column - 1) + 1));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Infinity;
