import { execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import type { CrashPoint } from './order.ts';
import { describePoint } from './points.ts';

/** Number of slices that the points of a scenario are divided into. */
export const SLICES = 16;

/** Environment variable with the number of a slice, from 1, to strike that one again. */
export const SLICE_VARIABLE = 'CRASH_POINTS_SLICE';

/** The fewest points of a slice. A scenario of six points may have none whose name is in it. */
const FEWEST = 1;

/** Returns the points of a slice. The name of a point decides, as for a share: runs of all slices strike every point. */
export function takeSlice(points: readonly CrashPoint[], slice: number): CrashPoint[] {
  const far = points.map((point) => {
    const hash = createHash('sha256')
      .update(`slice of ${describePoint(point)}`)
      .digest()
      .readUInt32BE();
    return { point, distance: (hash + slice) % SLICES };
  });
  const nearest = far.toSorted((left, right) => left.distance - right.distance).slice(0, FEWEST);
  return far.filter((each) => each.distance === 0 || nearest.includes(each)).map(({ point }) => point);
}

export interface ChosenSlice {
  readonly slice: number;
  /** The reason why it is this one, in words. */
  readonly why: string;
}

/**
 * Chooses the slice of a run by the tree of the last commit: runs of one commit strike the same points, and those of several commits all of them.
 *
 * @param given The slice that the environment names, from 1.
 * @throws RangeError for a slice that does not exist.
 */
export function chooseSlice(given: string | undefined, tree: string | undefined): ChosenSlice {
  if (given !== undefined) {
    if (!/^\d+$/.test(given) || Number(given) < 1 || Number(given) > SLICES)
      throw new RangeError(`${SLICE_VARIABLE} must be a number from 1 to ${SLICES}, it is "${given}"`);
    return { slice: Number(given), why: `as ${SLICE_VARIABLE} says` };
  }
  if (tree === undefined) return { slice: randomInt(1, SLICES + 1), why: 'by chance, as no git repository was found' };
  return { slice: (Number.parseInt(tree.slice(0, 8), 16) % SLICES) + 1, why: `by the tree ${tree.slice(0, 8)} of the last commit` };
}

/** Returns the id of the last commit's tree, or undefined outside of a git repository. */
export function findTree(folder: string): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD^{tree}'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
