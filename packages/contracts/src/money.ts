/**
 * Money is exact: decimal strings at the edges ("0.02"), whole billionths of a US dollar inside.
 * Billionths, because Redis and Lua hold whole numbers exactly up to 2^53, which is nine million dollars in billionths.
 */
export type NanoUsd = number;

/** Default cap on all spend of a day, in US dollars: a cap always applies. */
export const DEFAULT_DAILY_CAP_USD = '25';

const NANO_DIGITS = 9;
const DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/**
 * Reads an amount of US dollars exactly.
 * @param amount Not negative; a decimal string, or a number as JSON carries it (0.02). At most nine decimals.
 * @throws RangeError for anything else, and for an amount too large to be held exactly.
 */
export function parseUsd(amount: string | number): NanoUsd {
  const text = typeof amount === 'number' ? plainDecimal(amount) : amount;
  const match = DECIMAL.exec(text);
  const whole = match?.[1];
  const fraction = match?.[2] ?? '';
  if (whole === undefined || fraction.replace(/0+$/, '').length > NANO_DIGITS) {
    throw new RangeError(`not an amount of US dollars with at most ${NANO_DIGITS} decimals: "${text}"`);
  }
  const nano = Number(whole + fraction.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, '0'));
  if (!Number.isSafeInteger(nano)) throw new RangeError(`amount of US dollars too large to be held exactly: "${text}"`);
  return nano;
}

/** Writes an amount as the shortest exact decimal string: 20_000_000 is "0.02". */
export function formatUsd(amount: NanoUsd): string {
  const digits = Math.abs(amount)
    .toString()
    .padStart(NANO_DIGITS + 1, '0');
  const fraction = digits.slice(-NANO_DIGITS).replace(/0+$/, '');
  const sign = amount < 0 ? '-' : '';
  return `${sign}${digits.slice(0, -NANO_DIGITS)}${fraction === '' ? '' : `.${fraction}`}`;
}

// Numbers below 1e-6 print as "2e-7", which is the same amount in another notation.
function plainDecimal(amount: number): string {
  const text = String(amount);
  return text.includes('e-') ? amount.toFixed(20).replace(/0+$/, '') : text;
}
