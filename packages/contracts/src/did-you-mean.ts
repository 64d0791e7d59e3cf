/** Longer names are not compared: no parameter has one, and the comparison costs the product of both lengths. */
const MAX_LENGTH = 40;

/**
 * The known name that was most likely meant, or undefined. Case does not count; one slip for every three letters may be made.
 * @param maxSlips How many slips may have been made; one for every three letters unless given.
 * @param known Candidates; a dotted path is also found by its last part ("checkContent" means "safety.checkContent").
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

/** How many letters were added, left out, replaced or swapped with their neighbour (optimal string alignment). */
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
