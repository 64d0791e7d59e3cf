import path from 'node:path';
import { canReadUrl, isGenerationId, isTenant, parseUsd, TENANT_RULE, type NanoUsd } from '@darkroom/contracts';
import { WrongValue, type Reader } from './input.ts';

/** Longest part of a typed value that a message repeats, in characters. */
const MAX_SHOWN = 40;

/** Returns true if a typed text may be an address, which may hold a password. */
export const mayBeAddress = (text: string): boolean => /:\/\/|@/.test(text);

/** Quotes what the user typed, unless it may be an address. */
export const shown = (text: string): string =>
  mayBeAddress(text) ? 'a value that may be an address and is not repeated' : `"${text.slice(0, MAX_SHOWN)}"`;

export const readText: Reader<string> = (text) => text;

/** Reads words of at most so many characters. */
export const readWords =
  (max: number): Reader<string> =>
  (text, name) => {
    if (text.length > max) throw new WrongValue(`${name} may have at most ${max} characters, got ${text.length}`);
    return text;
  };

/** Reads a line that Redis and S3 keep and each status may show. */
export const readLine =
  (max: number): Reader<string> =>
  (text, name) => {
    if (readWords(max)(text, name).trim() === '' || /[\p{Cc}\p{Surrogate}]/u.test(text))
      throw new WrongValue(`${name} must be a text of 1 to ${max} characters without control characters`);
    return text;
  };

/** Reads the path of a file or folder. @returns it absolute. */
export const readPath: Reader<string> = (text) => path.resolve(text);

export const readWhole =
  (min: number, max: number): Reader<number> =>
  (text, name) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw new WrongValue(`${name} must be a whole number from ${min} to ${max}, got ${shown(text)}`);
  };

/** Reads a whole number, or "none". @returns null for none. */
export const readWholeOrNone =
  (min: number, max: number): Reader<number | null> =>
  (text, name) => {
    if (text === 'none') return null;
    const number = Number(text);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw new WrongValue(`${name} must be a whole number from ${min} to ${max}, or none, got ${shown(text)}`);
  };

/** Reads "on" or "off". @returns null for off. */
export const readSwitch: Reader<true | null> = (text, name) => (readChoice(['on', 'off'])(text, name) === 'on' ? true : null);

export const readGenerationId: Reader<string> = (text, name) => {
  if (isGenerationId(text)) return text;
  throw new WrongValue(`${name} must be the id of a generation, such as 01890a5d-ac96-774b-bcce-b302099a8057, got ${shown(text)}`);
};

export const readChoice =
  <const Choice extends string>(choices: readonly Choice[]): Reader<Choice> =>
  (text, name) => {
    const choice = choices.find((each) => each === text);
    if (choice === undefined) throw new WrongValue(`${name} must be one of ${choices.join(', ')}, got ${shown(text)}`);
    return choice;
  };

export const readUsd: Reader<NanoUsd> = (text, name) => {
  const amount = findAmount(text);
  if (amount === undefined) throw new WrongValue(`${name} must be an amount of US dollars such as 1 or 0.50, above 0, got ${shown(text)}`);
  return amount;
};

/** Returns an amount of US dollars above 0; undefined for any other text. */
export function findAmount(text: string): NanoUsd | undefined {
  try {
    const amount = parseUsd(text.trim());
    return amount > 0 ? amount : undefined;
  } catch {
    return undefined;
  }
}

export const readUrl: Reader<string> = (text, name) => {
  if (canReadUrl(text) && /^https?:/.test(text)) return text.replace(/\/+$/, '');
  throw new WrongValue(`${name} must be a URL that starts with http:// or https://`);
};

export const readTenant: Reader<string> = (text, name) => {
  if (isTenant(text)) return text;
  throw new WrongValue(`${name} must be ${TENANT_RULE}`);
};
