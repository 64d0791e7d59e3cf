import type { ProblemList } from '../problems.ts';
import { readFields } from '../read-fields.ts';
import { describeGiven, describeKind } from './given.ts';
import type { Parameter } from './parameter.ts';

/**
 * Reads a request field by field and collects every problem, of single fields and between fields. A schema library checks the
 * relations between fields only after each of them is valid, so a caller would learn of those problems only after correcting the rest.
 */
export interface Reading {
  /** Given values by full path ("safety.mode"). `undefined` counts as not given, as in JSON. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly problems: ProblemList;
}

/**
 * Splits a request into its fields; undefined if it is no object.
 * @param groups The fields that hold fields, such as "safety".
 */
export function beginReading(input: unknown, groups: readonly string[], problems: ProblemList): Reading | undefined {
  const given = entriesOf(input, '', problems);
  if (given === undefined) return undefined;
  const fields = new Map<string, unknown>();
  for (const [name, value] of given) {
    if (groups.includes(name)) {
      for (const [part, inner] of entriesOf(value, name, problems) ?? []) fields.set(`${name}.${part}`, inner);
    } else if (name.includes('.')) {
      // Kept out of `fields`, where it would overwrite the real "safety.mode".
      problems.push(() => ({
        path: shortenPath(name),
        message: 'is not a parameter: a name with a dot is written as an object in an object',
        given: describeKind(value),
      }));
    } else {
      fields.set(name, value);
    }
  }
  return { fields, problems };
}

function entriesOf(value: unknown, path: string, problems: ProblemList): Iterable<[string, unknown]> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return readFields(value);
  problems.push({ path, message: 'must be an object', given: describeKind(value) });
  return undefined;
}

const refuse = (reading: Reading, path: string, message: string): undefined => {
  reading.problems.push(() => ({ path, message, given: describeGiven(reading.fields.get(path)) }));
  return undefined;
};

/** Shortens a path for a message: the caller chose the names of unknown fields, which may have any length. */
export const shortenPath = (path: string): string => (path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path);
const MAX_PATH_LENGTH = 80;

// Added in words, because the value itself looks right: "95" instead of 95.
const notAString = (value: unknown): string => (typeof value === 'string' ? ', not a string' : '');

/** The readers return the value, or undefined if it is missing or was refused. */
export function readInteger(reading: Reading, path: string, { min, max }: Extract<Parameter, { type: 'integer' }>): number | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  const inRange = typeof value === 'number' && Number.isSafeInteger(value) && value >= (min ?? value) && value <= (max ?? value);
  if (inRange) return value;
  const range = min === undefined ? '' : max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
  return refuse(reading, path, `must be a whole number${range}${notAString(value)}`);
}

export function readBoolean(reading: Reading, path: string): boolean | undefined {
  const value = reading.fields.get(path);
  if (value === undefined || typeof value === 'boolean') return value;
  return refuse(reading, path, `must be true or false${notAString(value)}`);
}

export function readChoice<Choice extends string>(
  reading: Reading,
  path: string,
  { values }: { values: readonly Choice[] },
): Choice | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  return values.find((allowed) => allowed === value) ?? refuse(reading, path, `must be ${quotedList(values)}`);
}

/** Reads an optional field with one allowed value. */
export function readFixed<Value extends string>(reading: Reading, path: string, { value: only }: { value: Value }): Value {
  const value = reading.fields.get(path);
  if (value !== undefined && value !== only) refuse(reading, path, `must be "${only}" or left out`);
  return only;
}

/**
 * Reads a required string. Keeps every character, control characters included, and refuses lone surrogates: UTF-8 cannot carry them,
 * so the provider would get another text.
 */
export function readRequiredText(
  reading: Reading,
  path: string,
  { minLength, maxBytes }: { minLength: number; maxBytes: number },
): string | undefined {
  const value = reading.fields.get(path);
  const refuseText = (message: string): undefined => {
    reading.problems.push({ path, message: value === undefined ? `is required: ${message}` : message, given: describeKind(value) });
    return undefined;
  };
  if (typeof value !== 'string' || value.length < minLength)
    return refuseText(`must be a string of at least ${minLength} character${minLength === 1 ? '' : 's'}`);
  if (Buffer.byteLength(value) > maxBytes) return refuseText(`may take at most ${maxBytes} bytes in UTF-8`);
  return LONE_SURROGATE.test(value) ? refuseText('must be well-formed Unicode, without half of a surrogate pair') : value;
}

// With the flag "u" a pair counts as one character, and only a half is a surrogate.
const LONE_SURROGATE = /\p{Surrogate}/u;

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function readUuidV4(reading: Reading, path: string): string | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  return typeof value === 'string' && UUID_V4.test(value) ? value : refuse(reading, path, 'must be a UUID v4');
}

/** "A", "B" or "C". */
function quotedList(values: readonly string[]): string {
  const quoted = values.map((value) => `"${value}"`);
  return [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter((part) => part !== '').join(' or ');
}
