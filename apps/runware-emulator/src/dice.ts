import { createHash } from 'node:crypto';
import { formatUuid } from '@darkroom/contracts';

/**
 * Repeatable random draws: each is a pure function of the emulator's seed and its purpose. Two draws for the same purpose are equal, so
 * no draw has to survive a kill.
 */
export interface Dice {
  /** Draws a number of at least 0 and less than 1. */
  fraction(...purpose: Purpose): number;
  /** Draws true for the share `rate` of all purposes. */
  chance(rate: number, ...purpose: Purpose): boolean;
  /**
   * Draws at most one of the values. Each is drawn under its own name, for its share of what the earlier ones left, so that a value added
   * at the end does not change the draws of the others.
   */
  oneOf<Value>(shares: readonly (readonly [name: string, share: number, value: Value])[], ...purpose: Purpose): Value | undefined;
  /** Draws a whole number from the range, both ends included. */
  between(range: readonly [number, number], ...purpose: Purpose): number;
  /** Draws an id in the form of a UUID v4. */
  uuid(...purpose: Purpose): string;
}

export type Purpose = readonly [string, ...(string | number)[]];

/** Returns the dice of one seed. */
export function diceOf(seed: string): Dice {
  const bytesFor = (purpose: Purpose): Buffer =>
    createHash('sha256')
      .update([seed, ...purpose].join('\0'))
      .digest();
  const fraction = (...purpose: Purpose): number => bytesFor(purpose).readUIntBE(0, 6) / 2 ** 48;
  return {
    fraction,
    chance: (rate, ...purpose) => fraction(...purpose) < rate,
    oneOf: (shares, ...purpose) => shares.find(([name, share]) => fraction(...purpose, name) < share)?.[2],
    between: ([min, max], ...purpose) => min + Math.floor(fraction(...purpose) * (max - min + 1)),
    uuid: (...purpose) => {
      const bytes = bytesFor(purpose).subarray(0, 16);
      bytes[6] = 0x40 | (bytes.readUInt8(6) & 0x0f);
      bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
      return formatUuid(bytes);
    },
  };
}
