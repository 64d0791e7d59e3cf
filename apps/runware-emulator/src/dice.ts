import { createHash } from 'node:crypto';
import { formatUuid } from '@darkroom/contracts';

/**
 * Chance that can be replayed: every draw is a pure function of (the emulator's seed, what it is for). Two draws for the
 * same purpose are the same draw, so nothing drawn has to be remembered across a kill.
 */
export interface Dice {
  /** At least 0, less than 1. */
  fraction(...purpose: Purpose): number;
  /** True for the share `rate` of all purposes. */
  chance(rate: number, ...purpose: Purpose): boolean;
  /**
   * At most one of the values. Each is drawn by its own name, for its share of what those before it left: a value that is added at the
   * end changes no purpose that another one has.
   */
  oneOf<Value>(shares: readonly (readonly [name: string, share: number, value: Value])[], ...purpose: Purpose): Value | undefined;
  /** A whole number from the range, both ends included. */
  between(range: readonly [number, number], ...purpose: Purpose): number;
  /** Shaped as a UUID v4. */
  uuid(...purpose: Purpose): string;
}

export type Purpose = readonly [string, ...(string | number)[]];

/** The dice of one seed. */
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
