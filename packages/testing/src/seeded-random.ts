import { createHash } from 'node:crypto';

/** Chance that can be repeated: the same seed and purpose give the same draws in the same order. */
export interface SeededRandom {
  /** At least 0 and less than 1. */
  fraction(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True for the given share of the draws. */
  chance(share: number): boolean;
  /** One of them. @throws RangeError when there is none. */
  pick<T>(choices: readonly T[]): T;
}

/** @param purpose What it is drawn for: streams of other purposes stay as they are when this one draws more. */
export function createRandom(seed: number, purpose: string): SeededRandom {
  let state = createHash('sha256').update(`${seed}\0${purpose}`).digest().readInt32BE(0);
  // Mulberry32 (Tommy Ettinger, public domain)
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    between: (min, max) => min + Math.floor(fraction() * (max - min + 1)),
    chance: (share) => fraction() < share,
    pick(choices) {
      const choice = choices[Math.floor(fraction() * choices.length)];
      if (choice === undefined) throw new RangeError('there is nothing to choose from');
      return choice;
    },
  };
}
